//! Sender of webhooks to the door: signed as configured, or not as it should be.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ml_connector::stand::installation::WEBHOOK_SECRET;
use reqwest::Client;
use serde_json::Value;
use sha2::Sha256;

use crate::house::House;

/// The header of the default settings.
pub(crate) const HEADER: &str = "X-Signature";

/// HMAC-SHA256 of a body.
pub(crate) fn mac(secret: &str, body: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

/// A signature as the default settings want it.
pub(crate) fn signature(body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(WEBHOOK_SECRET, body)))
}

/// A signature in base64, without a prefix.
pub(crate) fn signature_base64(body: &[u8]) -> String {
    STANDARD.encode(mac(WEBHOOK_SECRET, body))
}

/// An answer of the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Code of a refusal.
    pub(crate) code: Option<String>,
    /// The body.
    pub(crate) text: String,
}

/// Sends to one door.
#[derive(Clone)]
pub(crate) struct Sender {
    http: Client,
    url: String,
}

impl Sender {
    /// A sender to the door of `house`, once it is open.
    pub(crate) async fn to(house: &House) -> Self {
        let url = format!("http://{}/webhooks/commerce", house.installation.door);
        let sender = Self { http: Client::builder().no_proxy().build().unwrap(), url };
        let started = Instant::now();
        while sender.http.get(&sender.url).send().await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(60), "the door does not open\n{}", house.logs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sender
    }

    /// Posts a body that is signed as it should be.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.post_with(body.as_bytes().to_vec(), &[(HEADER, &signature(body.as_bytes()))]).await.unwrap()
    }

    /// Posts a hint at an order.
    pub(crate) async fn hint(&self, entity_id: u64) -> Answer {
        self.post(&format!("{{\"event\":\"sales_order_save_commit_after\",\"entity_id\":{entity_id}}}")).await
    }

    /// Posts a body with these headers alone.
    pub(crate) async fn post_with(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> reqwest::Result<Answer> {
        let request = self.http.post(&self.url).header("Content-Type", "application/json").body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        let said: Value = serde_json::from_str(&text).unwrap_or_default();
        assert!(status == 200 || said["message"].is_string(), "{status} without a sentence: {said}");
        Ok(Answer { status, code: said["code"].as_str().map(str::to_owned), text })
    }

    /// The status of a GET.
    pub(crate) async fn get(&self) -> u16 {
        self.http.get(&self.url).send().await.unwrap().status().as_u16()
    }

    /// Status, media type and text of a GET with a query.
    pub(crate) async fn ask(&self, query: &str) -> (u16, String, String) {
        let answer = self.http.get(format!("{}?{query}", self.url)).send().await.unwrap();
        let kind = answer.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        (answer.status().as_u16(), kind, answer.text().await.unwrap())
    }

    /// A sender to another path of the same door.
    pub(crate) fn at(&self, path: &str) -> Self {
        let host = self.url.split("/webhooks").next().unwrap();
        Self { http: self.http.clone(), url: format!("{host}{path}") }
    }
}
