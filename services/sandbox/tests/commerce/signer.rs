//! OAuth 1.0a with HMAC-SHA256 after RFC 5849, for the tests alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sandbox::commerce::Integration;
use sha2::Sha256;

/// How the parameters of the base string are ordered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// By bytes, as the RFC wants.
    Bytes,
    /// As the query has them, after the protocol parameters.
    AsGiven,
}

/// Everything that goes into a header, to be bent by a test.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) keys: Integration,
    pub(crate) nonce: String,
    pub(crate) timestamp: String,
    pub(crate) method_name: String,
    pub(crate) version: Option<String>,
    pub(crate) order: Order,
    /// Protocol parameters that are left out.
    pub(crate) without: Vec<&'static str>,
}

impl Signer {
    pub(crate) fn new(keys: &Integration) -> Self {
        Self {
            keys: keys.clone(),
            nonce: uuid::Uuid::new_v4().simple().to_string(),
            timestamp: jiff::Timestamp::now().as_second().to_string(),
            method_name: "HMAC-SHA256".to_owned(),
            version: Some("1.0".to_owned()),
            order: Order::Bytes,
            without: Vec::new(),
        }
    }

    /// The `Authorization` header for a call. `url` is what is signed, which a test may choose to differ from what is
    /// sent.
    pub(crate) fn header(&self, method: &str, url: &str) -> String {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let mut protocol = vec![
            ("oauth_consumer_key", self.keys.consumer_key.clone()),
            ("oauth_nonce", self.nonce.clone()),
            ("oauth_signature_method", self.method_name.clone()),
            ("oauth_timestamp", self.timestamp.clone()),
            ("oauth_token", self.keys.access_token.clone()),
        ];
        protocol.extend(self.version.clone().map(|version| ("oauth_version", version)));
        protocol.retain(|(name, _)| !self.without.contains(name));
        let mut pairs: Vec<(String, String)> =
            protocol.iter().map(|(name, value)| (escape(name.as_bytes()), escape(value.as_bytes()))).collect();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((escape(&unescape(name)), escape(&unescape(value))));
        }
        if self.order == Order::Bytes {
            pairs.sort();
        }
        let joined: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let base = format!("{method}&{}&{}", escape(address.as_bytes()), escape(joined.join("&").as_bytes()));
        let key = format!(
            "{}&{}",
            escape(self.keys.consumer_secret.as_bytes()),
            escape(self.keys.access_token_secret.as_bytes())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
        mac.update(base.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        let mut header: Vec<String> =
            protocol.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value.as_bytes()))).collect();
        if !self.without.contains(&"oauth_signature") {
            header.push(format!("oauth_signature=\"{}\"", escape(signature.as_bytes())));
        }
        format!("OAuth realm=\"not signed\", {}", header.join(", "))
    }
}

/// RFC 3986, section 2.3: everything but the unreserved characters is encoded, in capitals.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    text
}

fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut plain = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            plain.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
            at += 3;
        } else {
            plain.push(bytes[at]);
            at += 1;
        }
    }
    plain
}
