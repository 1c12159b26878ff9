//! The same groups with another implementation of the algorithms at the other end: what this crate makes with
//! RustCrypto, libcrux must read, and the other way round.

#![expect(clippy::unwrap_used, reason = "a step that fails is the failure of the test")]

use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls_libcrux_crypto::Provider as Libcrux;
use plaza_crypto::{Device, Group, Identity, Keystore, Processed, Suite, make_key_package};
use plaza_protocol::{ConversationId, Ctx, ManualClock, SeededIds, Timestamp};
use std::sync::Arc;

const CERTIFICATE_EXTENSION: u16 = 0xf100;

fn ctx() -> Ctx {
    Ctx::system(Arc::new(ManualClock::new(Timestamp(1_700_000_000_000_000))), Arc::new(SeededIds::new(9)))
}

fn credential(device: &Device) -> CredentialWithKey {
    let identity = [&device.account().as_bytes()[..], device.id().as_bytes()].concat();
    CredentialWithKey {
        credential: BasicCredential::new(identity).into(),
        signature_key: device.certificate().device_key.to_vec().into(),
    }
}

fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519])
        .extensions(vec![ExtensionType::LastResort, ExtensionType::Unknown(CERTIFICATE_EXTENSION)])
        .build()
}

fn leaf_extensions(device: &Device) -> Extensions<LeafNode> {
    let certificate = UnknownExtension(device.certificate().to_bytes());
    Extensions::single(Extension::Unknown(CERTIFICATE_EXTENSION, certificate)).unwrap()
}

fn body(message: &MlsMessageOut) -> Vec<u8> {
    message.tls_serialize_detached().unwrap()
}

#[test]
fn libcrux_creates_and_rustcrypto_joins() {
    let ctx = ctx();
    let conversation: ConversationId = ctx.uuid();
    let ana = Identity::new(&ctx).new_device(&ctx, ctx.uuid(), ctx.uuid(), false);
    let ben = Identity::new(&ctx).new_device(&ctx, ctx.uuid(), ctx.uuid(), false);
    let keystore = Keystore::new();
    let package = make_key_package(&keystore, &ben, Suite::current(), false).unwrap();

    let libcrux = Libcrux::new().unwrap();
    let MlsMessageBodyIn::KeyPackage(package) =
        MlsMessageIn::tls_deserialize_exact(package).unwrap().extract()
    else {
        panic!("not a key package");
    };
    let package = package.validate(libcrux.crypto(), ProtocolVersion::Mls10).unwrap();
    let mut at_ana = MlsGroup::builder()
        .with_group_id(GroupId::from_slice(conversation.as_bytes()))
        .ciphersuite(Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519)
        .with_wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .use_ratchet_tree_extension(true)
        .with_capabilities(capabilities())
        .with_leaf_node_extensions(leaf_extensions(&ana))
        .unwrap()
        .build(&libcrux, &ana, credential(&ana))
        .unwrap();
    let (_, welcome, _) = at_ana.add_members(&libcrux, &ana, &[package]).unwrap();
    at_ana.merge_pending_commit(&libcrux).unwrap();

    let mut at_ben = Group::join(&keystore, conversation, &body(&welcome)).unwrap();
    // ISO/IEC 7816-4: the end of the content is marked.
    let sent = at_ana.create_message(&libcrux, &ana, b"from libcrux\x80").unwrap();
    let read = at_ben.process(&keystore, &body(&sent)).unwrap();
    assert!(matches!(read, Processed::Message { content, .. } if content == b"from libcrux"));

    let sent = at_ben.encrypt(&keystore, &ben, b"from RustCrypto", b"id").unwrap();
    let sent = MlsMessageIn::tls_deserialize_exact(sent).unwrap().try_into_protocol_message().unwrap();
    let ProcessedMessageContent::ApplicationMessage(read) =
        at_ana.process_message(&libcrux, sent).unwrap().into_content()
    else {
        panic!("not a message");
    };
    assert!(read.into_bytes().starts_with(b"from RustCrypto\x80"));
}

#[test]
fn rustcrypto_creates_and_libcrux_joins() {
    let ctx = ctx();
    let conversation: ConversationId = ctx.uuid();
    let ana = Identity::new(&ctx).new_device(&ctx, ctx.uuid(), ctx.uuid(), false);
    let ben = Identity::new(&ctx).new_device(&ctx, ctx.uuid(), ctx.uuid(), false);
    let libcrux = Libcrux::new().unwrap();
    let package = KeyPackage::builder()
        .leaf_node_capabilities(capabilities())
        .leaf_node_extensions(leaf_extensions(&ben))
        .build(Ciphersuite::MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519, &libcrux, &ben, credential(&ben))
        .unwrap();
    let package = body(&MlsMessageOut::from(package.into_key_package()));

    let keystore = Keystore::new();
    let (mut at_ana, created) = Group::create(&keystore, &ana, conversation, &[package]).unwrap();
    let MlsMessageBodyIn::Welcome(welcome) =
        MlsMessageIn::tls_deserialize_exact(created.welcome).unwrap().extract()
    else {
        panic!("not a welcome");
    };
    let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY).build();
    let mut at_ben = StagedWelcome::build_from_welcome(&libcrux, &config, welcome)
        .unwrap()
        .skip_lifetime_validation()
        .build()
        .unwrap()
        .into_group(&libcrux)
        .unwrap();
    let sent = at_ben.create_message(&libcrux, &ben, b"back\x80").unwrap();
    let read = at_ana.process(&keystore, &body(&sent)).unwrap();
    assert!(matches!(read, Processed::Message { content, .. } if content == b"back"));
}
