use super::*;
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding as _, U2048};
use sha2::{Digest as _, Sha256};

fn vector() -> Value {
    serde_json::from_str(include_str!("../../../fixtures/flow_vector.json")).unwrap()
}

fn text<'v>(vector: &'v Value, pointer: &str) -> &'v str {
    vector.pointer(pointer).unwrap().as_str().unwrap()
}

fn bytes(vector: &Value, pointer: &str) -> [u8; 16] {
    hex::decode(text(vector, pointer)).unwrap().try_into().unwrap()
}

/// The private exponent of a PKCS#8 key: the fourth number of the inner sequence.
fn private_key(der: &[u8]) -> (U2048, U2048) {
    let inner = &der[26..];
    let mut numbers = Vec::new();
    let mut at = 4;
    while numbers.len() < 4 {
        assert_eq!(inner[at], 2);
        let (length, start) = match inner[at + 1] {
            0x82 => (usize::from(inner[at + 2]) * 256 + usize::from(inner[at + 3]), at + 4),
            0x81 => (usize::from(inner[at + 2]), at + 3),
            short => (usize::from(short), at + 2),
        };
        numbers.push(&inner[start..start + length]);
        at = start + length;
    }
    let number = |bytes: &[u8]| {
        let bytes = if bytes.len() == 257 { &bytes[1..] } else { bytes };
        let mut padded = [0; 256];
        padded[256 - bytes.len()..].copy_from_slice(bytes);
        U2048::from_be_slice(&padded)
    };
    (number(numbers[1]), number(numbers[3]))
}

/// What the owner of the private key reads.
fn decrypt(vector: &Value, encrypted: &[u8]) -> Vec<u8> {
    let der = STANDARD.decode(text(vector, "/private_key_pkcs8_der_base64")).unwrap();
    let (modulus, exponent) = private_key(&der);
    let power =
        DynResidue::new(&U2048::from_be_slice(encrypted), DynResidueParams::new(&modulus)).pow(&exponent);
    let block = power.retrieve().to_be_bytes();
    let masked = |bytes: &[u8], seed: &[u8]| {
        let mut mask = (0_u32..).flat_map(|counter| {
            Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize().to_vec()
        });
        bytes.iter().map(|byte| byte ^ mask.next().unwrap()).collect::<Vec<u8>>()
    };
    assert_eq!(block[0], 0);
    let seed = masked(&block[1..33], &block[33..]);
    let data = masked(&block[33..], &seed);
    assert_eq!(data[..32], Sha256::digest([])[..]);
    let message = data[32..].iter().position(|byte| *byte == 1).unwrap();
    assert!(data[32..32 + message].iter().all(|byte| *byte == 0));
    data[33 + message..].to_vec()
}

#[test]
fn the_published_vector_is_understood() {
    let vector = vector();
    let (key, iv) = (bytes(&vector, "/aes_key_hex"), bytes(&vector, "/iv_hex"));
    let encrypted = STANDARD.decode(text(&vector, "/request_body/encrypted_aes_key")).unwrap();
    assert_eq!(decrypt(&vector, &encrypted), key, "what others encrypt");
    let data = STANDARD.decode(text(&vector, "/request_body/encrypted_flow_data")).unwrap();
    let cipher = Cipher::new(GenericArray::from_slice(&key));
    let plain = cipher.decrypt(GenericArray::from_slice(&iv), data.as_slice()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap(), vector["request_plain"]);

    let sealed = Sealed { body: String::new(), key: Secret(key), iv };
    let answer = text(&vector, "/response_body_compact_json");
    assert_eq!(sealed.open(answer.as_bytes()), Some(vector["response_plain"].clone()));
    assert_eq!(sealed.open(b"AAAA"), None);
    let webhook = &vector["webhook"];
    let signed = signature(text(webhook, "/app_secret"), text(webhook, "/raw_body").as_bytes());
    assert_eq!(signed, text(webhook, "/X-Hub-Signature-256"));
}

#[test]
fn who_has_the_private_key_reads_a_request() {
    let (ctx, _) = plaza_db::testing::ctx();
    let vector = vector();
    let key = PublicKey::read(text(&vector, "/public_key_pem")).unwrap();
    let one_line = text(&vector, "/public_key_pem").replace('\n', "\\n");
    assert_eq!(PublicKey::read(&one_line).as_ref(), Some(&key));
    let asked = json!({"action": "ping", "version": "3.0"});
    let sealed = Sealed::new(&ctx, &key, &asked).unwrap();
    let body: Value = serde_json::from_str(&sealed.body).unwrap();
    let part = |name: &str| STANDARD.decode(text(&body, name)).unwrap();
    assert_eq!(decrypt(&vector, &part("/encrypted_aes_key")), sealed.key.0);
    let cipher = Cipher::new(GenericArray::from_slice(&sealed.key.0));
    let iv = part("/initial_vector");
    let data = part("/encrypted_flow_data");
    let plain = cipher.decrypt(GenericArray::from_slice(&iv), data.as_slice()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&plain).unwrap(), asked);
    assert_ne!(Sealed::new(&ctx, &key, &asked).unwrap().body, sealed.body, "each has a key of its own");
}

#[test]
fn keys_that_are_none_are_refused() {
    let vector = vector();
    let pem = text(&vector, "/public_key_pem");
    let body = pem.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let der = STANDARD.decode(body).unwrap();
    let armoured = |der: &[u8]| {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", STANDARD.encode(der))
    };
    assert!(PublicKey::read(&armoured(&der)).is_some());
    for length in 0..der.len() {
        assert!(PublicKey::read(&armoured(&der[..length])).is_none(), "{length}");
    }
    let mut even = der.clone();
    even[der.len() - 6] &= 0xfe;
    assert!(PublicKey::read(&armoured(&even)).is_none(), "an even modulus");
    for odd in ["", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----é-----END PUBLIC KEY-----"] {
        assert!(PublicKey::read(odd).is_none());
    }
}

fn endpoint(vector: &Value) -> Endpoint {
    Endpoint {
        flow_id: FlowId(17),
        url: "https://example.org".to_owned(),
        screens: vec!["BOOK".to_owned()],
        version: "3.0".to_owned(),
        public_key: PublicKey::read(text(vector, "/public_key_pem")).unwrap(),
        app_secret: Secret("s3cr3t".to_owned()),
    }
}

/// What an endpoint writes.
fn answered(sealed: &Sealed, answer: &Value) -> Vec<u8> {
    let encrypted = crypt(&sealed.key.0, &sealed.iv.map(|byte| !byte), answer).unwrap();
    STANDARD.encode(encrypted).into_bytes()
}

#[test]
fn answers_mean_what_they_should() {
    let (ctx, _) = plaza_db::testing::ctx();
    let endpoint = endpoint(&vector());
    let asked =
        json!({"action": "data_exchange", "screen": "BOOK", "data": {"seats": "2"}, "flow_token": "t"});
    let asked = ExchangeRequest::read(&asked).unwrap();
    let request = endpoint.request(&asked);
    assert_eq!((&request["version"], &request["screen"]), (&json!("3.0"), &json!("BOOK")));
    let (sealed, signed) = endpoint.seal(&ctx, &request).unwrap();
    assert_eq!(signed, signature("s3cr3t", sealed.body.as_bytes()));
    let reply = |answer: Value| endpoint.reply(&sealed, 200, &answered(&sealed, &answer));
    let shown = json!({"screen": "BOOK", "data": {"left": 3}});
    assert_eq!(reply(shown.clone()), Reply::Screen(shown));
    let done =
        json!({"screen": "SUCCESS", "data": {"extension_message_response": {"params": {"flow_token": "t"}}}});
    assert_eq!(reply(done.clone()), Reply::Screen(done));
    for odd in [
        json!({}),
        json!({"screen": "NO"}),
        json!({"screen": "SUCCESS"}),
        json!({"screen": "BOOK", "data": 1}),
    ] {
        assert!(matches!(reply(odd.clone()), Reply::Malformed(_)), "{odd}");
    }
    let closed = answered(&sealed, &json!({"error_msg": "Sold out"}));
    assert_eq!(endpoint.reply(&sealed, 427, &closed), Reply::Closed("Sold out".to_owned()));
    assert_eq!(endpoint.reply(&sealed, 427, b"{\"error_msg\":\"Gone\"}"), Reply::Closed("Gone".to_owned()));
    assert_eq!(endpoint.reply(&sealed, 427, b""), Reply::Closed(REFUSED.to_owned()));
    assert_eq!(endpoint.reply(&sealed, 421, b""), Reply::KeyChanged);
    assert_eq!(endpoint.reply(&sealed, 432, b""), Reply::SignatureRefused);
    assert_eq!(endpoint.reply(&sealed, 500, b""), Reply::Status(500));
    assert_eq!(endpoint.reply(&sealed, 200, b"hello"), Reply::Undecryptable);
    let alive = answered(&sealed, &json!({"data": {"status": "active"}}));
    assert!(Endpoint::is_alive(&sealed, 200, &alive));
    assert!(!Endpoint::is_alive(&sealed, 500, &alive));
    assert_eq!(endpoint.complaint(&asked, "no")["data"]["error_message"], "no");
}

#[test]
fn requests_that_cannot_be_are_refused() {
    for (odd, member) in [
        (json!({"action": "ping"}), "action"),
        (json!({"action": "BACK"}), "screen"),
        (json!({"action": "INIT", "data": []}), "data"),
        (json!({"action": "INIT", "data": {"x": "x".repeat(DATA_BYTES_MAX)}}), "data"),
        (json!({"action": "INIT", "flow_token": "x".repeat(1025)}), "flow_token"),
    ] {
        let error = ExchangeRequest::read(&odd).unwrap_err();
        assert!(matches!(error, FlowError::Invalid { member: at, .. } if at == member), "{member}");
    }
}
