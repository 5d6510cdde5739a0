//! A sandbox on a free port, and a client for it.

use std::path::Path;
use std::sync::Arc;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use sandbox::Gate;
use sandbox::commerce::{self, Config, Integration, Shop};
use sandbox::select::System;
use serde_json::Value;

use crate::signer::{Signer, escape};

/// An answer, its body as text and, where it is JSON, read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) json: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (status, body));
    }

    /// `message` of a refusal.
    pub(crate) fn message(&self) -> &str {
        self.json["message"].as_str().unwrap_or_default()
    }

    /// One member of every item.
    pub(crate) fn items(&self, member: &str) -> Vec<String> {
        let show = |item: &Value| match &item[member] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        self.json["items"].as_array().map(|items| items.iter().map(show).collect()).unwrap_or_default()
    }
}

/// A running shop.
pub(crate) struct Served {
    pub(crate) shop: Shop,
    pub(crate) base: String,
    pub(crate) keys: Integration,
    http: reqwest::Client,
}

/// A shop with this many generated orders.
pub(crate) async fn serve(config: Config, orders: usize) -> Served {
    serve_shop(Shop::open(config, 42, orders, None).unwrap()).await
}

/// A shop with the recorded orders of the fixtures.
pub(crate) async fn serve_recorded() -> Served {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/corpus");
    serve_shop(Shop::open(Config::default(), 42, 0, Some(&corpus)).unwrap()).await
}

pub(crate) async fn serve_shop(shop: Shop) -> Served {
    let gate = Gate::new(System::Commerce, Arc::default(), sandbox::gate::matched_route);
    let router = commerce::router(shop.clone(), gate);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Served { shop, base, keys: Integration::default(), http: reqwest::Client::new() }
}

impl Served {
    /// A GET below `/rest/V1/`, signed as it should be.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_by(&Signer::new(&self.keys), path).await
    }

    /// A GET below `/rest/V1/` with this signer.
    pub(crate) async fn get_by(&self, signer: &Signer, path: &str) -> Answer {
        let url = format!("{}/rest/V1/{path}", self.base);
        self.send("GET", &url, &[("Authorization", &signer.header("GET", &url))], "").await
    }

    /// A search for orders: pairs of a path below `searchCriteria` and a value.
    pub(crate) async fn orders(&self, criteria: &[(&str, &str)]) -> Answer {
        self.get(&format!("orders?{}", criteria_query(criteria))).await
    }

    /// A signed POST of JSON below `/rest/V1/`.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let url = format!("{}/rest/V1/{path}", self.base);
        let header = Signer::new(&self.keys).header("POST", &url);
        self.send("POST", &url, &[("Authorization", &header), ("Content-Type", "application/json")], body).await
    }

    /// A call to the control door.
    pub(crate) async fn control(&self, path: &str, body: &str) -> Answer {
        let url = format!("{}/_sandbox/{path}", self.base);
        self.send("POST", &url, &[("Content-Type", "application/json")], body).await
    }

    /// Any call.
    pub(crate) async fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = self.http.request(method.parse().unwrap(), url).body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.unwrap() {
            bytes.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(bytes).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, headers, text, json }
    }
}

/// `searchCriteria[…]=…` for each pair, encoded as RFC 3986 wants. The path is given without the root: `[pageSize]`.
pub(crate) fn criteria_query(criteria: &[(&str, &str)]) -> String {
    let pair = |(path, value): &(&str, &str)| {
        format!("{}={}", escape(format!("searchCriteria{path}").as_bytes()), escape(value.as_bytes()))
    };
    criteria.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// One filter as criteria, in group `group`.
pub(crate) fn filter<'a>(group: usize, field: &'a str, condition: &'a str, value: &'a str) -> [(String, &'a str); 3] {
    let path = |member: &str| format!("[filterGroups][{group}][filters][0][{member}]");
    [(path("field"), field), (path("conditionType"), condition), (path("value"), value)]
}
