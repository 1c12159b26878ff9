//! Groups from both sides: what devices do, and what the server, which follows along, makes of it.

#![expect(clippy::unwrap_used, reason = "a step that fails is the failure of the test")]

use plaza_crypto::{
    Committed, Device, Group, Identity, JoinError, Keystore, Member, ProcessError, Processed, PublicState,
    Suite, inspect_key_package, make_key_package, public_group::RefusedError,
};
use plaza_protocol::{AccountId, ConversationId, Ctx, ManualClock, SeededIds, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

fn ctx() -> Ctx {
    Ctx::system(Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000))), Arc::new(SeededIds::new(7)))
}

/// The end of a member's commit: a code under a key of the members, which the server cannot check (RFC 9420, 6.2). A
/// member who spoils it on purpose makes the others join anew, and is named by the signature.
const MEMBERSHIP_TAG_BYTES: usize = 33;

struct Party {
    device: Device,
    keystore: Keystore,
}

impl Party {
    fn new(ctx: &Ctx) -> Self {
        Self::of(ctx, &Identity::new(ctx), ctx.uuid())
    }

    fn of(ctx: &Ctx, identity: &Identity, account: AccountId) -> Self {
        let device = identity.new_device(ctx, account, ctx.uuid(), false);
        Self { device, keystore: Keystore::new() }
    }

    fn package(&self) -> Vec<u8> {
        make_key_package(&self.keystore, &self.device, Suite::current(), false).unwrap()
    }

    fn create(&self, conversation: ConversationId, with: &[&Party]) -> (Group, Committed) {
        let packages: Vec<_> = with.iter().map(|party| party.package()).collect();
        Group::create(&self.keystore, &self.device, conversation, &packages).unwrap()
    }

    fn join(&self, conversation: ConversationId, welcome: &[u8]) -> Group {
        Group::join(&self.keystore, conversation, welcome).unwrap()
    }

    fn send(&self, group: &mut Group, text: &str) -> Vec<u8> {
        group.encrypt(&self.keystore, &self.device, text.as_bytes(), b"id").unwrap()
    }

    fn read(&self, group: &mut Group, message: &[u8]) -> String {
        match group.process(&self.keystore, message).unwrap() {
            Processed::Message { content, .. } => String::from_utf8(content).unwrap(),
            other => panic!("not a message: {other:?}"),
        }
    }
}

/// The identity keys that the server has registered.
fn directory(parties: &[&Party]) -> impl Fn(AccountId) -> Option<[u8; 32]> + use<> {
    let keys: BTreeMap<_, _> = parties
        .iter()
        .map(|party| (party.device.account(), party.device.certificate().identity_key))
        .collect();
    move |account| keys.get(&account).copied()
}

fn devices(members: &[Member]) -> Vec<plaza_protocol::DeviceId> {
    let mut devices: Vec<_> = members.iter().map(|member| member.device).collect();
    devices.sort();
    devices
}

#[test]
fn two_people_talk_and_the_server_follows() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben) = (Party::new(&ctx), Party::new(&ctx));
    let (mut with_ben, created) = ana.create(conversation, &[&ben]);
    let server =
        PublicState::from_group_info(conversation, &created.group_info, directory(&[&ana, &ben])).unwrap();
    assert_eq!(server.epoch(), 1);
    assert_eq!(devices(&server.members()), devices(&with_ben.members()));

    let mut with_ana = ben.join(conversation, &created.welcome);
    assert_eq!(with_ana.epoch_authenticator(), with_ben.epoch_authenticator());
    let hello = ana.send(&mut with_ben, "Hello Ben");
    assert_eq!(ben.read(&mut with_ana, &hello), "Hello Ben");
    let again = with_ana.process(&ben.keystore, &hello);
    assert!(matches!(again, Err(ProcessError::Undecryptable(_))), "a message is read once: {again:?}");
    let back = ben.send(&mut with_ana, "Hello Ana");
    assert_eq!(with_ana.process(&ben.keystore, &back).unwrap(), Processed::Own);
    assert_eq!(ana.read(&mut with_ben, &back), "Hello Ana");
}

#[test]
fn everything_survives_in_rows_and_a_message_writes_one() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben) = (Party::new(&ctx), Party::new(&ctx));
    let (mut with_ben, created) = ana.create(conversation, &[&ben]);
    let mut with_ana = ben.join(conversation, &created.welcome);
    let mut stored: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let store = |stored: &mut BTreeMap<Vec<u8>, Vec<u8>>| {
        let changes = ben.keystore.rows().take_changes();
        let count = changes.len();
        for (key, value) in changes {
            match value {
                Some(value) => stored.insert(key, value),
                None => stored.remove(&key),
            };
        }
        count
    };
    store(&mut stored);
    assert!(!stored.keys().any(|key| key.starts_with(b"d/k/")), "the used key package is gone");
    for number in 0..5 {
        let text = format!("message {number}");
        let sent = ana.send(&mut with_ben, &text);
        assert_eq!(ben.read(&mut with_ana, &sent), text);
        assert_eq!(store(&mut stored), 1);
    }
    let reloaded =
        Party { device: Device::from_bytes(&ben.device.to_bytes()).unwrap(), keystore: Keystore::new() };
    reloaded.keystore.rows().load(stored);
    let mut with_ana = Group::load(&reloaded.keystore, conversation).unwrap().unwrap();
    let sent = ana.send(&mut with_ben, "after a restart");
    assert_eq!(reloaded.read(&mut with_ana, &sent), "after a restart");
    reloaded.keystore.rows().evict(&plaza_crypto::conversation_prefix(conversation));
    assert!(Group::load(&reloaded.keystore, conversation).unwrap().is_none());
}

#[test]
fn devices_come_and_go_by_commits() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben, cem) = (Party::new(&ctx), Party::new(&ctx), Party::new(&ctx));
    let known = || directory(&[&ana, &ben, &cem]);
    let (mut with_ben, created) = ana.create(conversation, &[&ben]);
    let mut with_ana = ben.join(conversation, &created.welcome);
    let mut server = PublicState::from_group_info(conversation, &created.group_info, known()).unwrap();

    let committed = with_ben.commit(&ana.keystore, &ana.device, &[cem.package()], &[]).unwrap();
    assert!(with_ben.is_commit_pending());
    let applied = server.apply_commit(&committed.commit, &committed.group_info, 1, known()).unwrap();
    assert_eq!((applied.epoch, applied.external), (2, false));
    assert_eq!(applied.sender.device, ana.device.id());
    assert_eq!(devices(&applied.added), [cem.device.id()]);
    with_ben.confirm(&ana.keystore).unwrap();
    let processed = with_ana.process(&ben.keystore, &committed.commit).unwrap();
    assert!(
        matches!(processed, Processed::Commit { added, removed } if added.len() == 1 && removed.is_empty())
    );
    let mut at_cem = cem.join(conversation, &committed.welcome);

    let server_after_restart = PublicState::from_bytes(conversation, &server.to_bytes().unwrap()).unwrap();
    let mut server = server_after_restart;
    let committed = with_ana.commit(&ben.keystore, &ben.device, &[], &[cem.device.id()]).unwrap();
    let applied = server.apply_commit(&committed.commit, &committed.group_info, 2, known()).unwrap();
    assert_eq!(devices(&applied.removed), [cem.device.id()]);
    assert_eq!(applied.members.len(), 2);
    with_ana.confirm(&ben.keystore).unwrap();
    with_ben.process(&ana.keystore, &committed.commit).unwrap();
    assert_eq!(at_cem.process(&cem.keystore, &committed.commit).unwrap(), Processed::Removed);
    let sent = ben.send(&mut with_ana, "without Cem");
    assert_eq!(ana.read(&mut with_ben, &sent), "without Cem");
    assert!(at_cem.process(&cem.keystore, &sent).is_err());
}

#[test]
fn of_two_commits_one_wins_and_the_other_rebases() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben, cem, dia) = (Party::new(&ctx), Party::new(&ctx), Party::new(&ctx), Party::new(&ctx));
    let known = || directory(&[&ana, &ben, &cem, &dia]);
    let (mut at_ana, created) = ana.create(conversation, &[&ben]);
    let mut at_ben = ben.join(conversation, &created.welcome);
    let mut server = PublicState::from_group_info(conversation, &created.group_info, known()).unwrap();
    let first = at_ana.commit(&ana.keystore, &ana.device, &[cem.package()], &[]).unwrap();
    let second = at_ben.commit(&ben.keystore, &ben.device, &[dia.package()], &[]).unwrap();
    server.apply_commit(&first.commit, &first.group_info, 1, known()).unwrap();
    let late = server.apply_commit(&second.commit, &second.group_info, 1, known());
    assert!(matches!(late, Err(RefusedError::WrongEpoch { current: 2 })), "{late:?}");
    at_ana.confirm(&ana.keystore).unwrap();
    at_ben.clear(&ben.keystore).unwrap();
    at_ben.process(&ben.keystore, &first.commit).unwrap();
    let again = at_ben.commit(&ben.keystore, &ben.device, &[dia.package()], &[]).unwrap();
    server.apply_commit(&again.commit, &again.group_info, 2, known()).unwrap();
    at_ben.confirm(&ben.keystore).unwrap();
    at_ana.process(&ana.keystore, &again.commit).unwrap();
    assert_eq!(at_ana.epoch_authenticator(), at_ben.epoch_authenticator());
    let old = at_ana.process(&ana.keystore, &first.commit);
    assert!(matches!(old, Err(ProcessError::PastEpoch)), "{old:?}");
}

#[test]
fn a_device_that_lost_its_state_joins_from_outside() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, mut ben) = (Party::new(&ctx), Party::new(&ctx));
    let (mut at_ana, created) = ana.create(conversation, &[&ben]);
    let known = || directory(&[&ana]);
    let ben_key = ben.device.certificate().identity_key;
    let ben_account = ben.device.account();
    let known = move |account| if account == ben_account { Some(ben_key) } else { known()(account) };
    let mut server = PublicState::from_group_info(conversation, &created.group_info, known).unwrap();
    ben.join(conversation, &created.welcome);

    ben.keystore = Keystore::new();
    let (mut at_ben, joined) =
        Group::join_external(&ben.keystore, &ben.device, conversation, &created.group_info).unwrap();
    let applied = server.apply_commit(&joined.commit, &joined.group_info, joined.epoch, known).unwrap();
    assert!(applied.external);
    assert_eq!(applied.members.len(), 2, "the old leaf went with it");
    assert_eq!(devices(&applied.added), [ben.device.id()]);
    assert!(applied.removed.is_empty());
    at_ana.process(&ana.keystore, &joined.commit).unwrap();
    let sent = ana.send(&mut at_ana, "welcome back");
    assert_eq!(ben.read(&mut at_ben, &sent), "welcome back");
    let sent = ben.send(&mut at_ben, "thanks");
    assert_eq!(ana.read(&mut at_ana, &sent), "thanks");
}

#[test]
fn a_second_device_of_an_account_joins_from_outside() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let identity = Identity::new(&ctx);
    let account = ctx.uuid();
    let (phone, laptop) = (Party::of(&ctx, &identity, account), Party::of(&ctx, &identity, account));
    let ben = Party::new(&ctx);
    let known = || directory(&[&phone, &ben]);
    let (_, created) = phone.create(conversation, &[&ben]);
    let mut server = PublicState::from_group_info(conversation, &created.group_info, known()).unwrap();
    let (mut at_laptop, joined) =
        Group::join_external(&laptop.keystore, &laptop.device, conversation, &created.group_info).unwrap();
    let applied = server.apply_commit(&joined.commit, &joined.group_info, 1, known()).unwrap();
    assert_eq!(applied.members.len(), 3);
    let mut at_ben = ben.join(conversation, &created.welcome);
    at_ben.process(&ben.keystore, &joined.commit).unwrap();
    let sent = laptop.send(&mut at_laptop, "from the laptop");
    assert_eq!(ben.read(&mut at_ben, &sent), "from the laptop");
}

#[test]
fn messages_cross_commits_on_the_way() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben) = (Party::new(&ctx), Party::new(&ctx));
    let others: Vec<_> = (0..4).map(|_| Party::new(&ctx)).collect();
    let (mut at_ana, created) = ana.create(conversation, &[&ben]);
    let mut at_ben = ben.join(conversation, &created.welcome);
    let on_the_way: Vec<_> = (0..4)
        .map(|number| {
            let sent = ben.send(&mut at_ben, "on the way");
            let commit = at_ana.commit(&ana.keystore, &ana.device, &[others[number].package()], &[]).unwrap();
            at_ana.confirm(&ana.keystore).unwrap();
            at_ben.process(&ben.keystore, &commit.commit).unwrap();
            sent
        })
        .collect();
    assert!(at_ana.process(&ana.keystore, &on_the_way[0]).is_err(), "four epochs ago is too old");
    for sent in &on_the_way[1..] {
        assert_eq!(ana.read(&mut at_ana, sent), "on the way");
    }
}

#[test]
fn a_welcome_is_used_once_unless_it_is_the_last_resort() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben) = (Party::new(&ctx), Party::new(&ctx));
    let (_, created) = ana.create(conversation, &[&ben]);
    ben.join(conversation, &created.welcome);
    let again = Group::join(&ben.keystore, conversation, &created.welcome);
    assert!(matches!(again, Err(JoinError::NoKeyPackage)), "{again:?}");
    assert!(Group::load(&ben.keystore, conversation).unwrap().is_some(), "the group is still there");

    let last_resort = make_key_package(&ben.keystore, &ben.device, Suite::current(), true).unwrap();
    let facts = inspect_key_package(&ana.keystore, &last_resort).unwrap();
    assert!(facts.last_resort);
    assert_eq!((facts.member.device, facts.suite), (ben.device.id(), Suite::current()));
    for _ in 0..2 {
        let conversation = ctx.uuid();
        let packages = [last_resort.clone()];
        let (mut at_ana, created) =
            Group::create(&ana.keystore, &ana.device, conversation, &packages).unwrap();
        let mut at_ben = ben.join(conversation, &created.welcome);
        let sent = ana.send(&mut at_ana, "hello");
        assert_eq!(ben.read(&mut at_ben, &sent), "hello");
    }
}

#[test]
fn the_server_refuses_what_is_not_right() {
    let ctx = ctx();
    let conversation = ctx.uuid();
    let (ana, ben, eve) = (Party::new(&ctx), Party::new(&ctx), Party::new(&ctx));
    let known = || directory(&[&ana, &ben]);
    let (mut at_ana, created) = ana.create(conversation, &[&ben]);
    let other = PublicState::from_group_info(ctx.uuid(), &created.group_info, known());
    assert!(matches!(other, Err(RefusedError::OtherConversation)));
    let unknown = PublicState::from_group_info(conversation, &created.group_info, directory(&[&ana]));
    assert!(matches!(unknown, Err(RefusedError::Identity { account }) if account == ben.device.account()));
    let mut server = PublicState::from_group_info(conversation, &created.group_info, known()).unwrap();

    let (_, joined) =
        Group::join_external(&eve.keystore, &eve.device, conversation, &created.group_info).unwrap();
    let outside = server.apply_commit(&joined.commit, &joined.group_info, 1, known());
    assert!(matches!(outside, Err(RefusedError::Identity { .. })), "{outside:?}");

    let committed = at_ana.commit(&ana.keystore, &ana.device, &[], &[ben.device.id()]).unwrap();
    let old_info = server.apply_commit(&committed.commit, &created.group_info, 1, known());
    assert!(matches!(old_info, Err(RefusedError::OtherGroupInfo)), "{old_info:?}");
    let mut changed = committed.commit.clone();
    let confirmation = changed.len() - MEMBERSHIP_TAG_BYTES - 1;
    changed[confirmation] ^= 1;
    assert!(server.apply_commit(&changed, &committed.group_info, 1, known()).is_err());
    assert_eq!(server.epoch(), 1, "what is refused changes nothing");
    server.apply_commit(&committed.commit, &committed.group_info, 1, known()).unwrap();
    assert_eq!(server.epoch(), 2);
}

mod garbage {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn is_refused_without_a_panic(
            noise in proptest::collection::vec(any::<u8>(), 0..600),
            at in any::<prop::sample::Index>(),
            bit in 0_u32..8,
            cut in any::<prop::sample::Index>(),
        ) {
            let ctx = ctx();
            let conversation = ctx.uuid();
            let (ana, ben) = (Party::new(&ctx), Party::new(&ctx));
            let known = || directory(&[&ana, &ben]);
            let (mut at_ana, created) = ana.create(conversation, &[&ben]);
            let committed = at_ana.commit(&ana.keystore, &ana.device, &[], &[ben.device.id()]).unwrap();
            let mut server = PublicState::from_group_info(conversation, &created.group_info, known()).unwrap();
            let mutated = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                let position = at.index(bytes.len() - MEMBERSHIP_TAG_BYTES);
                bytes[position] ^= 1 << bit;
                bytes
            };
            let shortened = |bytes: &[u8]| bytes[..cut.index(bytes.len())].to_vec();
            for spoil in [&mutated as &dyn Fn(&[u8]) -> Vec<u8>, &shortened, &|_| noise.clone()] {
                prop_assert!(
                    PublicState::from_group_info(conversation, &spoil(&created.group_info), known()).is_err()
                );
                prop_assert!(
                    server.apply_commit(&spoil(&committed.commit), &committed.group_info, 1, known()).is_err()
                );
                prop_assert!(
                    server.apply_commit(&committed.commit, &spoil(&committed.group_info), 1, known()).is_err()
                );
                prop_assert!(inspect_key_package(&ana.keystore, &spoil(&ana.package())).is_err());
                prop_assert!(Group::join(&ben.keystore, conversation, &spoil(&created.welcome)).is_err());
            }
            prop_assert_eq!(server.epoch(), 1);
            let _ = PublicState::from_bytes(conversation, &mutated(&server.to_bytes().unwrap()));
            server.apply_commit(&committed.commit, &committed.group_info, 1, known()).unwrap();
        }
    }
}
