//! # The algorithms of the suites, and no others
//!
//! openmls names algorithms at run time, and RustCrypto has some thirty of them. [`Algorithms`] passes on those that a
//! suite of [`crate::SUITES`] uses and refuses the rest: what nobody has chosen cannot be reached by a crafted message,
//! and does not become code either, which keeps the client core in the browser small.
//!
//! For the latter each call names its algorithm by a constant and not by the argument that was checked: that is how the
//! compiler sees that nothing else is asked for. A new suite is a new row of [`crate::SUITES`] and a new arm here; a
//! test holds the two together.

use crate::Suite;
use hpke_rs::{Hpke, HpkeError, Mode};
use hpke_rs_crypto::HpkeCrypto;
use hpke_rs_crypto::error::Error;
use hpke_rs_crypto::types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use hpke_rs_rust_crypto::HpkeRustCrypto;
use openmls::prelude::Ciphersuite;
use openmls::prelude::tls_codec::SecretVLBytes;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{
    AeadType, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType,
    HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
};

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Algorithms(RustCrypto);

impl Algorithms {
    /// Where randomness comes from.
    pub(crate) fn randomness(&self) -> &RustCrypto {
        &self.0
    }
}

fn hash_is_known(hash: HashType) -> Result<(), CryptoError> {
    if hash == HashType::Sha2_256 { Ok(()) } else { Err(CryptoError::UnsupportedHashAlgorithm) }
}

fn aead_is_known(aead: AeadType) -> Result<(), CryptoError> {
    if aead == AeadType::Aes128Gcm { Ok(()) } else { Err(CryptoError::UnsupportedAeadAlgorithm) }
}

fn signature_is_known(scheme: SignatureScheme) -> Result<(), CryptoError> {
    if scheme == SignatureScheme::ED25519 { Ok(()) } else { Err(CryptoError::UnsupportedSignatureScheme) }
}

fn hpke(HpkeConfig(kem, kdf, aead): HpkeConfig) -> Result<Hpke<HpkeAlgorithms>, CryptoError> {
    let is_known = kem == HpkeKemType::XWingKemDraft6
        && matches!(kdf, HpkeKdfType::HkdfSha256)
        && matches!(aead, HpkeAeadType::AesGcm128);
    if !is_known {
        return Err(CryptoError::UnsupportedCiphersuite);
    }
    Ok(Hpke::new(Mode::Base, KemAlgorithm::XWingDraft06, KdfAlgorithm::HkdfSha256, AeadAlgorithm::Aes128Gcm))
}

fn hpke_error(error: HpkeError) -> CryptoError {
    match error {
        HpkeError::InvalidInput => CryptoError::InvalidLength,
        _ => CryptoError::CryptoLibraryError,
    }
}

impl OpenMlsCrypto for Algorithms {
    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        Suite::of(suite).map(|_| ()).ok_or(CryptoError::UnsupportedCiphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        crate::SUITES.iter().map(|suite| suite.mls).collect()
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        hash_is_known(hash)?;
        self.0.hkdf_extract(HashType::Sha2_256, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        hash_is_known(hash)?;
        self.0.hmac(HashType::Sha2_256, key, message)
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        hash_is_known(hash)?;
        self.0.hkdf_expand(HashType::Sha2_256, prk, info, okm_len)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        hash_is_known(hash)?;
        self.0.hash(HashType::Sha2_256, data)
    }

    fn aead_encrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        aead_is_known(aead)?;
        self.0.aead_encrypt(AeadType::Aes128Gcm, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        aead: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        aead_is_known(aead)?;
        self.0.aead_decrypt(AeadType::Aes128Gcm, key, ct_tag, nonce, aad)
    }

    fn signature_key_gen(&self, scheme: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        signature_is_known(scheme)?;
        self.0.signature_key_gen(SignatureScheme::ED25519)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        signature_is_known(scheme)?;
        self.0.verify_signature(SignatureScheme::ED25519, data, pk, signature)
    }

    fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        signature_is_known(scheme)?;
        self.0.sign(SignatureScheme::ED25519, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let sealed = hpke(config)?.seal(&pk_r.into(), info, aad, ptxt, None, None, None);
        let (kem_output, ciphertext) = sealed.map_err(hpke_error)?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (kem_output, ciphertext) = (input.kem_output.as_slice(), input.ciphertext.as_slice());
        hpke(config)?
            .open(kem_output, &sk_r.into(), info, aad, ciphertext, None, None, None)
            .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let setup = hpke(config)?.setup_sender(&pk_r.into(), info, None, None, None);
        let (kem_output, context) = setup.map_err(|_| CryptoError::SenderSetupError)?;
        let exported = context.export(exporter_context, exporter_length);
        Ok((kem_output, exported.map_err(|_| CryptoError::ExporterError)?.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        let setup = hpke(config)?.setup_receiver(enc, &sk_r.into(), info, None, None, None);
        let context = setup.map_err(|_| CryptoError::ReceiverSetupError)?;
        let exported = context.export(exporter_context, exporter_length);
        Ok(exported.map_err(|_| CryptoError::ExporterError)?.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let pair = hpke(config)?.derive_key_pair(ikm).map_err(hpke_error)?;
        let (private, public) = pair.into_keys();
        Ok(HpkeKeyPair { private: private.as_slice().into(), public: public.as_slice().into() })
    }
}

/// The same for what stands below HPKE.
#[derive(Debug)]
struct HpkeAlgorithms;

fn kdf_is_known(kdf: KdfAlgorithm) -> Result<(), Error> {
    if matches!(kdf, KdfAlgorithm::HkdfSha256) { Ok(()) } else { Err(Error::UnknownKdfAlgorithm) }
}

fn kem_is_known(kem: KemAlgorithm) -> Result<(), Error> {
    if matches!(kem, KemAlgorithm::XWingDraft06) { Ok(()) } else { Err(Error::UnknownKemAlgorithm) }
}

fn seal_is_known(aead: AeadAlgorithm) -> Result<(), Error> {
    if matches!(aead, AeadAlgorithm::Aes128Gcm) { Ok(()) } else { Err(Error::UnknownAeadAlgorithm) }
}

impl HpkeCrypto for HpkeAlgorithms {
    type HpkePrng = <HpkeRustCrypto as HpkeCrypto>::HpkePrng;

    fn name() -> String {
        HpkeRustCrypto::name()
    }

    fn supports_kdf(kdf: KdfAlgorithm) -> Result<(), Error> {
        kdf_is_known(kdf)
    }

    fn supports_kem(kem: KemAlgorithm) -> Result<(), Error> {
        kem_is_known(kem)
    }

    fn supports_aead(aead: AeadAlgorithm) -> Result<(), Error> {
        seal_is_known(aead)
    }

    fn prng() -> Self::HpkePrng {
        HpkeRustCrypto::prng()
    }

    fn kdf_extract(kdf: KdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>, Error> {
        kdf_is_known(kdf)?;
        HpkeRustCrypto::kdf_extract(KdfAlgorithm::HkdfSha256, salt, ikm)
    }

    fn kdf_expand(kdf: KdfAlgorithm, prk: &[u8], info: &[u8], output_size: usize) -> Result<Vec<u8>, Error> {
        kdf_is_known(kdf)?;
        HpkeRustCrypto::kdf_expand(KdfAlgorithm::HkdfSha256, prk, info, output_size)
    }

    /// No suite has a plain Diffie-Hellman.
    fn dh(_: KemAlgorithm, _: &[u8], _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn secret_to_public(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn dh_validate_sk(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn kem_key_gen(kem: KemAlgorithm, prng: &mut Self::HpkePrng) -> Result<(Vec<u8>, Vec<u8>), Error> {
        kem_is_known(kem)?;
        HpkeRustCrypto::kem_key_gen(KemAlgorithm::XWingDraft06, prng)
    }

    fn kem_key_gen_derand(kem: KemAlgorithm, seed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        kem_is_known(kem)?;
        HpkeRustCrypto::kem_key_gen_derand(KemAlgorithm::XWingDraft06, seed)
    }

    fn kem_encaps(
        kem: KemAlgorithm,
        pk_r: &[u8],
        prng: &mut Self::HpkePrng,
    ) -> Result<(Vec<u8>, Vec<u8>), Error> {
        kem_is_known(kem)?;
        HpkeRustCrypto::kem_encaps(KemAlgorithm::XWingDraft06, pk_r, prng)
    }

    fn kem_decaps(kem: KemAlgorithm, ct: &[u8], sk_r: &[u8]) -> Result<Vec<u8>, Error> {
        kem_is_known(kem)?;
        HpkeRustCrypto::kem_decaps(KemAlgorithm::XWingDraft06, ct, sk_r)
    }

    fn aead_seal(
        aead: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        seal_is_known(aead)?;
        HpkeRustCrypto::aead_seal(AeadAlgorithm::Aes128Gcm, key, nonce, aad, msg)
    }

    fn aead_open(
        aead: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        seal_is_known(aead)?;
        HpkeRustCrypto::aead_open(AeadAlgorithm::Aes128Gcm, key, nonce, aad, msg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_has_its_algorithms_and_another_has_none() {
        let algorithms = Algorithms::default();
        for suite in crate::SUITES {
            let mls = suite.mls;
            assert_eq!(algorithms.supports(mls), Ok(()));
            assert!(algorithms.hash(mls.hash_algorithm(), b"").is_ok());
            assert!(algorithms.aead_encrypt(mls.aead_algorithm(), &[7; 16], b"", &[0; 12], b"").is_ok());
            let (private, public) = algorithms.signature_key_gen(mls.signature_algorithm()).unwrap();
            let signature = algorithms.sign(mls.signature_algorithm(), b"said", &private).unwrap();
            algorithms.verify_signature(mls.signature_algorithm(), b"said", &public, &signature).unwrap();
            let pair = algorithms.derive_hpke_keypair(mls.hpke_config(), &[7; 32]).unwrap();
            let sealed =
                algorithms.hpke_seal(mls.hpke_config(), &pair.public, b"info", b"aad", b"said").unwrap();
            let opened = algorithms.hpke_open(mls.hpke_config(), &sealed, &pair.private, b"info", b"aad");
            assert_eq!(opened.unwrap(), b"said");
        }
        let other = Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256;
        assert!(algorithms.supports(other).is_err());
        assert!(algorithms.signature_key_gen(other.signature_algorithm()).is_err());
        assert!(algorithms.derive_hpke_keypair(other.hpke_config(), &[7; 32]).is_err());
    }
}
