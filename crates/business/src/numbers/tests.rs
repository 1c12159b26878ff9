use super::*;
use crate::blocks::{self, Change};
use crate::codes::Code;
use crate::settings::{self as documents, Setting};
use crate::testing::{ANA, Shop};
use crate::{history, partners, preverified, uploads, usernames, users};
use plaza_db::testing::each_engine;
use plaza_protocol::{Micros, PhoneNumberId};
use serde_json::json;

const NEW: &str = "+4930901999";

impl Shop {
    /// Runs one operation of the app.
    async fn manage<T: Send + 'static, E: Send + 'static + From<DbError>>(
        &self,
        work: impl AsyncFn(&Ctx, &mut Tx) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.db.transact(&self.app, "test", work).await
    }

    async fn add(&self, number: &str) -> Result<PhoneNumberId, ManageError> {
        let (business, waba) = (self.business.clone(), self.created.waba_id);
        let request = json!({"cc": "49", "phone_number": number, "verified_name": "Tulip"});
        self.manage(async move |ctx: &Ctx, tx: &mut Tx| business.add_number(ctx, tx, waba, &request).await)
            .await
    }

    async fn code(&self, phone: PhoneNumberId) -> Result<String, ManageError> {
        let business = self.business.clone();
        let request = json!({"code_method": "sms", "language": "en_US"});
        self.manage(async move |ctx: &Ctx, tx: &mut Tx| {
            business.request_code(ctx, tx, phone, &request).await
        })
        .await?;
        let shown = async |ctx: &Ctx, tx: &mut Tx| registration::sandbox_codes(ctx, tx).await;
        let shown = self.db.read(&self.system, "test.codes", shown).await.unwrap();
        Ok(shown.into_iter().max_by_key(|code| code.created_at).unwrap().code)
    }

    async fn verify(&self, phone: PhoneNumberId, code: &str) -> Result<(), ManageError> {
        let (business, code) = (self.business.clone(), code.to_owned());
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.verify_code(ctx, tx, phone, &code).await;
        self.manage(work).await.and_then(|tried| tried)
    }

    async fn register(&self, phone: PhoneNumberId, pin: &str) -> Result<bool, ManageError> {
        let business = self.business.clone();
        let request = json!({"messaging_product": "whatsapp", "pin": pin});
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.register(ctx, tx, phone, &request).await;
        self.manage(work).await.and_then(|tried| tried).map(|registered| registered.needs_account)
    }

    async fn deregister(&self, phone: PhoneNumberId) -> Result<(), ManageError> {
        let business = self.business.clone();
        let work = async move |ctx: &Ctx, tx: &mut Tx| business.deregister(ctx, tx, phone).await;
        self.manage(work).await.and_then(|tried| tried)
    }

    /// The values of the last events of a field.
    async fn told(&self, field: &str) -> Vec<Value> {
        let deliveries = self.deliveries().await;
        let of_field = deliveries.into_iter().filter(|delivery| delivery.field == field);
        let values = of_field.map(|delivery| {
            let body: Value = serde_json::from_str(&delivery.body).unwrap();
            body["entry"][0]["changes"][0]["value"].clone()
        });
        values.collect()
    }
}

fn code_of<T: std::fmt::Debug>(answer: Result<T, ManageError>) -> Code {
    match answer {
        Err(ManageError::Refused { code, .. }) => code,
        other => panic!("a refusal is expected: {other:?}"),
    }
}

#[tokio::test]
async fn a_number_is_added_verified_registered_and_taken_out_again() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["phone_number_quality_update", "security", "phone_number_name_update"]).await;
        let phone = shop.add("30 901999").await.unwrap();
        assert_eq!(code_of(shop.register(phone, "123456").await), codes::REVERIFICATION_NEEDED);
        assert_eq!(code_of(shop.verify(phone, "111111").await), codes::INVALID_PARAMETER, "none under way");
        let code = shop.code(phone).await.unwrap();
        let wrong = if code == "111111" { "222222" } else { "111111" };
        for _ in 0..CODE_TRIES_MAX {
            assert_eq!(code_of(shop.verify(phone, wrong).await), codes::INVALID_PARAMETER);
        }
        assert_eq!(code_of(shop.verify(phone, &code).await), codes::TOO_MANY_CALLS, "five wrong ones");
        shop.clock.advance(Duration::from_secs(1));
        let code = shop.code(phone).await.unwrap();
        shop.clock.advance(CODE_LIFETIME);
        assert_eq!(code_of(shop.verify(phone, &code).await), codes::INVALID_PARAMETER, "expired");
        let code = shop.code(phone).await.unwrap();
        let (front, back) = code.split_at(3);
        shop.verify(phone, &format!("{front}-{back}")).await.unwrap();
        assert_eq!(code_of(shop.code(phone).await), codes::INVALID_PARAMETER, "verified already");

        assert_eq!(code_of(shop.register(phone, "12345").await), codes::INVALID_PARAMETER);
        assert!(shop.register(phone, "123456").await.unwrap(), "the gateway opens its account");
        assert_eq!(shop.told("phone_number_quality_update").await[0]["event"], "ONBOARDING");
        shop.deregister(phone).await.unwrap();
        assert_eq!(code_of(shop.deregister(phone).await), codes::NOT_REGISTERED);
        assert_eq!(code_of(shop.register(phone, "000000").await), codes::PIN_MISMATCH);
        assert_eq!(code_of(shop.register(phone, "123456").await), codes::PIN_TOO_FAST);
        shop.clock.advance(PIN_PACE);
        shop.register(phone, "123456").await.unwrap();
        // With those that were refused, these are ten.
        for _ in 0..3 {
            shop.register(phone, "123456").await.unwrap();
        }
        assert_eq!(code_of(shop.register(phone, "123456").await), codes::REGISTRATION_LIMIT);
        shop.clock.advance(REGISTRATION_WINDOW);
        for _ in 0..PIN_TRIES_MAX {
            shop.clock.advance(PIN_PACE);
            assert_eq!(code_of(shop.register(phone, "000000").await), codes::PIN_MISMATCH);
        }
        shop.clock.advance(PIN_PACE);
        assert_eq!(code_of(shop.register(phone, "123456").await), codes::PIN_GUESSES);
        shop.clock.advance(PIN_PAUSE);
        shop.register(phone, "123456").await.unwrap();

        let business = shop.business.clone();
        let change =
            json!({"pin": "654321", "new_display_name": "Tulip Garden", "search_visibility": "visible"});
        let work = async move |ctx: &Ctx, tx: &mut Tx| {
            business.configure_number(ctx, tx, phone, &change, None).await
        };
        shop.manage(work).await.unwrap();
        assert_eq!(shop.told("security").await[0]["event"], "PIN_CHANGED");
        assert_eq!(shop.told("phone_number_name_update").await[0]["decision"], "APPROVED");
        shop.clock.advance(REGISTRATION_WINDOW);
        shop.register(phone, "654321").await.unwrap();
        let look = async move |ctx: &Ctx, tx: &mut Tx| {
            let number = portfolios::phone_number(ctx, tx, phone).await?;
            Ok::<_, ManageError>((number, state(ctx, tx, phone).await?))
        };
        let (number, state) = shop.manage(look).await.unwrap();
        assert_eq!((number.verified_name.as_str(), state.new_name), ("Tulip Garden", None));
        assert_eq!((state.search_visibility.as_str(), state.name_status.as_str()), ("VISIBLE", "APPROVED"));
    })
    .await;
}

#[tokio::test]
async fn adding_a_number_claims_nothing_until_it_is_verified() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let first = shop.add(NEW).await.unwrap();
        let second = shop.add(NEW).await.unwrap();
        let gone = shop.manage(async move |ctx: &Ctx, tx: &mut Tx| state(ctx, tx, first).await).await;
        assert!(matches!(gone, Err(ManageError::NotFound)));
        let code = shop.code(second).await.unwrap();
        shop.verify(second, &code).await.unwrap();
        let again = shop.add(NEW).await;
        assert!(matches!(again, Err(ManageError::Refused { subcode: Some(codes::SUBCODE_NUMBER_OWN), .. })));
        assert_eq!(code_of(shop.add(ANA).await), codes::INVALID_PARAMETER, "a person's");
        assert_eq!(code_of(shop.add("12").await), codes::INVALID_PARAMETER);
        for _ in 0..3 {
            shop.clock.advance(Duration::from_secs(1));
            let _ = shop.code(second).await;
        }
        let third = shop.add("+4930901998").await.unwrap();
        for _ in 0..CODES_PER_WINDOW {
            shop.code(third).await.unwrap();
        }
        assert_eq!(code_of(shop.code(third).await), codes::TOO_MANY_CALLS);
    })
    .await;
}

#[tokio::test]
async fn what_a_number_is_set_to_is_kept_checked_and_told() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["account_settings_update", "account_alerts"]).await;
        let phone = shop.created.phone_number_id;
        let set = async |setting: Setting, request: Value| {
            let business = shop.business.clone();
            let work = async move |ctx: &Ctx, tx: &mut Tx| {
                business.change_setting(ctx, tx, phone, setting, &request).await
            };
            shop.manage(work).await
        };
        let get = async |setting: Setting| {
            let work = async move |ctx: &Ctx, tx: &mut Tx| documents::read(ctx, tx, phone, setting).await;
            Value::Object(shop.manage(work).await.unwrap())
        };
        set(Setting::Profile, json!({"about": "Open", "websites": ["https://a.example"]})).await.unwrap();
        set(Setting::Profile, json!({"email": "a@b.example", "about": ""})).await.unwrap();
        let profile = get(Setting::Profile).await;
        assert_eq!((&profile["email"], profile.get("about")), (&json!("a@b.example"), None));
        assert_eq!(profile["websites"], json!(["https://a.example"]));
        assert!(set(Setting::Profile, json!({"vertical": "space"})).await.is_err());
        assert!(set(Setting::Profile, json!({"profile_picture_handle": "4::x"})).await.is_err());

        let calling = json!({"calling": {"status": "enabled", "call_icon_visibility": "hidden",
            "sip": {"status": "ENABLED", "servers": [{"hostname": "sip.example", "port": "5061"}]}}});
        set(Setting::Settings, calling).await.unwrap();
        set(Setting::Settings, json!({"storage_configuration": {"enabled": true, "region": "de"}})).await.unwrap();
        let settings = get(Setting::Settings).await;
        assert_eq!(settings["calling"]["call_icon_visibility"], "DISABLE_ALL");
        assert!(settings["calling"]["sip"]["servers"][0]["sip_user_password"].is_string());
        assert_eq!(
            settings["storage_configuration"],
            json!({"status": "IN_COUNTRY_STORAGE_ENABLED", "data_localization_region": "DE"})
        );
        let told = &shop.told("account_settings_update").await[0]["phone_number_settings"]["calling"];
        assert_eq!(told["status"], "ENABLED");
        assert!(told["sip"]["servers"][0].get("sip_user_password").is_none(), "no secret is told");

        let key = include_str!("../settings/test_key.pem");
        set(Setting::Encryption, json!({"business_public_key": key.replace('\n', "\\n")})).await.unwrap();
        assert_eq!(get(Setting::Encryption).await["business_public_key"], key);
        for bad in ["", "x", &key.replace("PUBLIC", "PRIVATE"), &key.replacen("MIIB", "MIIC", 1)] {
            assert!(set(Setting::Encryption, json!({"business_public_key": bad})).await.is_err(), "{bad}");
        }
        let commands = json!({"commands": [{"command_name": "/order", "command_description": "Orders"}],
            "prompts": ["Hello"], "enable_welcome_message": "true"});
        set(Setting::Automation, commands).await.unwrap();
        assert_eq!(get(Setting::Automation).await["commands"][0]["command_name"], "order");
        assert!(set(Setting::Automation, json!({"prompts": ["a", "b", "c", "d", "e"]})).await.is_err());

        let apply = |action: &str| json!({"action": action, "application_data": {"business_name": "Tulip"}});
        set(Setting::Official, apply("submit_application")).await.unwrap();
        assert_eq!(get(Setting::Official).await["oba_status"], "APPROVED", "a sandbox decides at once");
        assert_eq!(shop.told("account_alerts").await[0]["alert_info"]["alert_type"], "OBA_APPROVED");
        assert!(set(Setting::Official, apply("WITHDRAW_APPLICATION")).await.is_err());
        let officer = json!({"name": "Ann", "email": "a@b.example"});
        let compliance = json!({"messaging_product": "whatsapp", "entity_name": "Tulip", "entity_type": "OTHER",
            "grievance_officer_details": officer, "customer_care_details": {"email": "a@b.example"}});
        assert!(set(Setting::Compliance, compliance.clone()).await.is_err(), "OTHER needs its own words");
        let compliance = json!({"entity_type_custom": "Club", "is_registered": "1"})
            .as_object()
            .unwrap()
            .iter()
            .fold(compliance, |mut all, (name, value)| {
                all[name] = value.clone();
                all
            });
        set(Setting::Compliance, compliance).await.unwrap();
        assert_eq!(get(Setting::Compliance).await["is_registered"], true);
    })
    .await;
}

#[tokio::test]
async fn a_blocked_persons_messages_reach_the_business_no_more() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        shop.subscribe(&["messages"]).await;
        let phone = shop.created.phone_number_id;
        let change = async |change: Change, users: Vec<Value>| {
            let work =
                async move |ctx: &Ctx, tx: &mut Tx| blocks::change(ctx, tx, phone, change, &users).await;
            shop.manage(work).await.unwrap()
        };
        let early = change(Change::Block, vec![json!({"user": ANA})]).await;
        assert_eq!((early.done.len(), early.failed[0].1), (0, codes::RE_ENGAGEMENT));
        shop.ana_writes("Hello").await;
        let both = change(Change::Block, vec![json!({"user": ANA}), json!({"user": "+4915199999999"})]).await;
        assert_eq!((both.done[0].wa_id.as_deref(), both.failed.len()), (Some("4915112345678"), 1));
        let before = shop.told("messages").await.len();
        let body = plaza_protocol::content::Body::Text(plaza_protocol::content::Text {
            body: "Hey".to_owned(),
            preview_url: false,
        });
        let inbound = crate::messages::Inbound {
            account: shop.ana,
            number: ANA.parse().unwrap(),
            name: "Ana".to_owned(),
            message_id: shop.system.ordered_id(),
            at: shop.system.now(),
            content: plaza_protocol::content::Content {
                reply_to: vec![],
                sender_name: "Ana".to_owned(),
                body: Some(body),
                is_forwarded: false,
            },
            group: None,
        };
        assert!(!shop.receive(inbound.clone()).await, "it is not taken in");
        assert_eq!(shop.told("messages").await.len(), before);
        let list =
            async move |ctx: &Ctx, tx: &mut Tx| blocks::list(ctx, tx, phone, blocks::Page::First, 10).await;
        let listed = shop.manage(list).await.unwrap();
        let user_id = listed[0].1.user_id.clone().unwrap();
        change(Change::Unblock, vec![json!({"user_id": user_id})]).await;
        assert!(shop.receive(inbound).await);
    })
    .await;
}

#[tokio::test]
async fn usernames_uploads_and_histories() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros(100_000_000)).await;
        shop.subscribe(&["messages", "business_username_update"]).await;
        let (phone, app) = (shop.created.phone_number_id, shop.created.app_id);
        let set = async |name: &'static str| {
            shop.manage(async move |ctx: &Ctx, tx: &mut Tx| usernames::set(ctx, tx, phone, name).await).await
        };
        set("tulip").await.unwrap();
        set("Tulip.Shop").await.unwrap();
        let free = async move |ctx: &Ctx, tx: &mut Tx| usernames::suggestions(ctx, tx, phone).await;
        assert!(shop.manage(free).await.unwrap().contains(&"tulip".to_owned()), "given free again");
        assert_eq!(shop.told("business_username_update").await[1]["username"], "tulip.shop");

        let request = json!({"file_length": "5", "file_type": "image/png"});
        let open = async move |ctx: &Ctx, tx: &mut Tx| uploads::open(ctx, tx, app, &request).await;
        let session = shop.manage(open).await.unwrap();
        let put = async |offset: i64, bytes: &'static [u8]| {
            let id = session.id();
            shop.manage(async move |ctx: &Ctx, tx: &mut Tx| {
                uploads::append(ctx, tx, &id, offset, bytes).await
            })
            .await
        };
        assert_eq!(put(0, b"abc").await.unwrap().received, 3);
        assert!(put(0, b"abc").await.is_err() && put(3, b"def").await.is_err());
        let whole = put(3, b"de").await.unwrap();
        assert!(whole.is_complete());
        let handle = whole.handle();
        let read = async move |ctx: &Ctx, tx: &mut Tx| uploads::file(ctx, tx, &handle).await;
        assert_eq!(shop.manage(read).await.unwrap(), ("image/png".to_owned(), b"abcde".to_vec()));

        shop.ana_writes("Hello").await;
        let sent = shop.send(crate::testing::text("Hi")).await.unwrap();
        let wamid = sent.wamid.clone();
        let list =
            async move |ctx: &Ctx, tx: &mut Tx| history::list(ctx, tx, phone, Some(wamid.as_str())).await;
        let found = shop.manage(list).await.unwrap();
        assert_eq!((found.len(), found[0].events[0].status), (1, "SENT"));
        assert_eq!(history::message_of(&found[0].id()), Some(found[0].message));
        let all = async move |ctx: &Ctx, tx: &mut Tx| history::list(ctx, tx, phone, None).await;
        assert_eq!(shop.manage(all).await.unwrap(), found);
    })
    .await;
}

#[tokio::test]
async fn users_reach_what_they_are_assigned_to_and_partners_what_they_are_let_into() {
    each_engine(async |db| {
        let shop = Shop::open(db, Micros::ZERO).await;
        let rose =
            crate::testing::create(&shop.db, &shop.system, &shop.business, "Rose", "+4930901821", Micros::ZERO).await;
        let rose_app = shop.system.for_request(plaza_protocol::Actor::App { app: rose.app_id, portfolio: rose.business_id });
        let (portfolio, waba, app) = (shop.created.business_id, shop.created.waba_id, shop.created.app_id);
        let make = json!({"name": "bot", "role": "employee"});
        let make = async move |ctx: &Ctx, tx: &mut Tx| users::create(ctx, tx, portfolio, &make).await;
        let user = shop.manage(make).await.unwrap().user_id;
        let issue = async move |ctx: &Ctx, tx: &mut Tx| {
            users::issue_token(ctx, tx, user, app, crate::apps::Scope::ALL, None).await
        };
        let token = shop.manage(issue).await.unwrap().0;
        assert_eq!(shop.authenticate(&token).await.unwrap().targets, Some(vec![]));
        let tasks = json!({"tasks": ["MANAGE", "develop"]});
        let assign = async move |ctx: &Ctx, tx: &mut Tx| users::assign(ctx, tx, waba, user, &tasks).await;
        shop.manage(assign).await.unwrap();
        assert_eq!(shop.authenticate(&token).await.unwrap().targets, Some(vec![waba.0]));
        shop.manage(async move |ctx: &Ctx, tx: &mut Tx| users::unassign(ctx, tx, waba, user).await).await.unwrap();
        assert_eq!(shop.authenticate(&token).await.unwrap().targets, Some(vec![]));

        // Rose's app is let into Tulip's account.
        let rose_id = rose.app_id;
        let issue = async move |ctx: &Ctx, tx: &mut Tx| {
            users::issue_code(ctx, tx, rose_id, portfolio, &[waba]).await
        };
        let code = shop.db.transact(&shop.system, "test", issue).await.unwrap().0;
        let exchange = async |code: String| {
            let work = async move |ctx: &Ctx, tx: &mut Tx| {
                let app = crate::apps::app(ctx, tx, rose_id).await?.unwrap();
                users::exchange_code(ctx, tx, &app, &code).await
            };
            shop.db.transact(&rose_app, "test", work).await
        };
        let (token, _) = exchange(code.clone()).await.unwrap();
        assert_eq!(code_of(exchange(code).await), codes::INVALID_PARAMETER, "used once");
        let found = shop.authenticate(&token.0).await.unwrap();
        assert_eq!((found.app, found.portfolio, found.targets), (rose_id, portfolio, Some(vec![waba.0])));

        // A solution of both, and its end.
        let partner = rose.app_id.to_string();
        let new = json!({"solution_name": "Both", "partner_app_id": partner, "owner_permissions": ["MESSAGING"],
            "partner_permissions": ["MESSAGING"]});
        let make = async move |ctx: &Ctx, tx: &mut Tx| partners::create(ctx, tx, app, &new).await;
        let solution = shop.manage(make).await.unwrap().id();
        let step = async |ctx: &Ctx, step: partners::Step, request: Value| {
            let work =
                async move |ctx: &Ctx, tx: &mut Tx| partners::step(ctx, tx, solution, step, &request).await;
            shop.db.transact(ctx, "test", work).await.map(|solution| solution.status().to_owned())
        };
        use partners::Step::{Accept, AcceptDeactivation, RequestDeactivation};
        let accept = json!({"partner_app_id": partner});
        assert!(step(&shop.app, Accept, accept.clone()).await.is_err(), "not the owner's to accept");
        assert_eq!(step(&rose_app, Accept, accept.clone()).await.unwrap(), "ACTIVE");
        assert!(step(&rose_app, Accept, accept).await.is_err(), "once");
        assert_eq!(step(&shop.app, RequestDeactivation, json!({})).await.unwrap(), "ACTIVE");
        assert!(step(&shop.app, AcceptDeactivation, json!({})).await.is_err(), "the other side's");
        assert_eq!(step(&rose_app, AcceptDeactivation, json!({})).await.unwrap(), "DEACTIVATED");

        // A number that was verified beforehand.
        let add = json!({"phone_number": NEW});
        let add = async move |ctx: &Ctx, tx: &mut Tx| preverified::add(ctx, tx, portfolio, &add).await;
        let id = shop.manage(add).await.unwrap();
        let business = shop.business.clone();
        let request = json!({"code_method": "SMS", "language": "en"});
        let ask = async move |ctx: &Ctx, tx: &mut Tx| {
            business.request_preverified_code(ctx, tx, id, &request).await
        };
        shop.manage(ask).await.unwrap();
        let shown = async |ctx: &Ctx, tx: &mut Tx| registration::sandbox_codes(ctx, tx).await;
        let code = shop.db.read(&shop.system, "test.codes", shown).await.unwrap()[0].code.clone();
        let business = shop.business.clone();
        let try_it = async move |ctx: &Ctx, tx: &mut Tx| {
            business.verify_preverified_code(ctx, tx, id, &code).await
        };
        shop.manage(try_it).await.unwrap().unwrap();
        let see = async move |ctx: &Ctx, tx: &mut Tx| preverified::get(ctx, tx, id).await;
        assert!(matches!(shop.db.read(&rose_app, "test", see).await, Err(ManageError::NotFound)));
        let partner = rose.business_id;
        shop.manage(async move |ctx: &Ctx, tx: &mut Tx| preverified::share(ctx, tx, id, partner).await).await.unwrap();
        let (business, rose_waba) = (shop.business.clone(), rose.waba_id);
        let request = json!({"phone_number": "0", "verified_name": "Rose", "preverified_id": id.to_string()});
        let add = async move |ctx: &Ctx, tx: &mut Tx| {
            let phone = business.add_number(ctx, tx, rose_waba, &request).await?;
            Ok::<_, ManageError>((state(ctx, tx, phone).await?, preverified::get(ctx, tx, id).await?))
        };
        let (state, used) = shop.db.transact(&rose_app, "test", add).await.unwrap();
        assert!(state.is_preverified && state.verification == "VERIFIED");
        assert_eq!(used.availability(), "IN_USE");
    })
    .await;
}
