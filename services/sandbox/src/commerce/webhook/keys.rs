//! The RSA keys with which Adobe signs: one for webhooks, two for events. They are made when they are first needed.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Where the public keys of events are found, below the host.
const FOLDER: &str = "/prod/keys/";

/// All keys. New ones can take their place; the old public ones can still be read.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    webhooks: OnceLock<Signer>,
    events: OnceLock<[Signer; 2]>,
    /// Public keys of events that were in use before, by path.
    old: Vec<(String, String)>,
}

/// One key pair.
#[derive(Debug)]
pub(crate) struct Signer {
    key: Option<RsaKeyPair>,
    /// The path of the public key.
    pub(crate) path: String,
    /// The public key.
    pub(crate) pem: String,
}

impl Keys {
    pub(crate) fn webhooks(&self) -> &Signer {
        self.webhooks.get_or_init(Signer::generate)
    }

    pub(crate) fn events(&self) -> &[Signer; 2] {
        self.events.get_or_init(|| [Signer::generate(), Signer::generate()])
    }

    /// The public key of events at this path.
    pub(crate) fn public(&self, path: &str) -> Option<String> {
        let known = self.events().iter().find(|signer| signer.path == path).map(|signer| signer.pem.clone());
        known.or_else(|| self.old.iter().find(|(old, _)| old == path).map(|(_, pem)| pem.clone()))
    }

    /// New keys in place of these.
    pub(crate) fn renewed(&self) -> Arc<Self> {
        let events = self.events.get().into_iter().flatten().map(|signer| (signer.path.clone(), signer.pem.clone()));
        Arc::new(Self { old: self.old.iter().cloned().chain(events).collect(), ..Self::default() })
    }
}

impl Signer {
    fn generate() -> Self {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).ok();
        let der: Option<PublicKeyX509Der<'_>> = key.as_ref().and_then(|key| key.public_key().as_der().ok());
        let pem = der.map(|der| pem(der.as_ref())).unwrap_or_default();
        Self { key, path: format!("{FOLDER}pub-key-{}.pem", uuid::Uuid::new_v4()), pem }
    }

    /// The signature of a text, in base64 with padding.
    pub(crate) fn sign(&self, text: &[u8]) -> Option<String> {
        let key = self.key.as_ref()?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// RFC 7468.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}
