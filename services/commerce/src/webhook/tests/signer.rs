//! Signer for tests: a key made there and then.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::webhook::PublicKey;

pub(in crate::webhook) struct Signer {
    pair: KeyPair,
    pub(in crate::webhook) pem: String,
}

impl Signer {
    pub(in crate::webhook) fn new() -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
        let der = pair.public_key().as_der().expect("its public half");
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).expect("base64")).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        Self { pair, pem }
    }

    pub(in crate::webhook) fn key(&self) -> PublicKey {
        PublicKey::all_of_pem(&self.pem).expect("a key").remove(0)
    }

    /// The signature over `message`, in base64.
    pub(in crate::webhook) fn sign(&self, message: &[u8]) -> String {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
        STANDARD.encode(signature)
    }
}
