//! A small HTTP client that holds a token, and bodies that are known to be good.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode};
use sandbox::{Options, Sandbox, visma};
use serde_json::{Value, json};

/// How long an answer may take: a request that stands still for ever is a failed test, not a hanging one.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The number that `Location` ends with.
    pub(crate) fn number(&self) -> String {
        assert_eq!(self.status, StatusCode::CREATED, "{}", self.body);
        self.header("location").rsplit('/').next().unwrap().to_owned()
    }

    /// The sentence of a refusal.
    pub(crate) fn refused(&self) -> String {
        assert_eq!(self.status, StatusCode::BAD_REQUEST, "{}", self.body);
        self.json()["message"].as_str().unwrap().to_owned()
    }
}

pub(crate) struct Client {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
    pub(crate) company: String,
}

/// A sandbox with these changes to its default settings, and a client with a token.
pub(crate) async fn start(patch: Value) -> Client {
    start_with_orders(0, patch).await
}

/// The same with so many generated orders in the shop.
pub(crate) async fn start_with_orders(orders: usize, patch: Value) -> Client {
    let sandbox = sandbox::start(Options {
        visma: "127.0.0.1:0".parse().unwrap(),
        commerce: "127.0.0.1:0".parse().unwrap(),
        orders,
        seed: 7,
        corpus: None,
        visma_config: visma::Config::default(),
        commerce_config: sandbox::commerce::Config::default(),
    })
    .await
    .unwrap();
    sandbox.company.patch_config(patch).unwrap();
    let company = sandbox.company.config().company_id.clone();
    let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    let mut client = Client { sandbox, http, token: String::new(), company };
    client.token = client.new_token().await;
    client
}

impl Client {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.sandbox.visma_addr)
    }

    pub(crate) async fn token_answer(&self, form: &str) -> Answer {
        let request = self.http.post(self.url("/connect/token"));
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned());
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn new_token(&self) -> String {
        let answer = self.token_answer(&token_form(&self.sandbox)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, self.url(path))
            .header("authorization", format!("Bearer {}", self.token))
            .header("ipp-company-id", &self.company)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json().as_array().unwrap().clone()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        read(self.try_send(method, path, body).await.unwrap()).await
    }

    pub(crate) async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> reqwest::Result<reqwest::Response> {
        let request = self.request(method, path).header("content-type", "application/json");
        request.body(body.to_string()).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, etag: &str, body: &Value) -> Answer {
        let request = self.request(Method::PUT, path).header("if-match", etag).body(body.to_string());
        read(request.send().await.unwrap()).await
    }

    /// A call on the control API.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.http.request(method, self.url(&format!("/_sandbox/{path}"))).body(body.to_string());
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn arm(&self, fault: Value) {
        let answer = self.control(Method::POST, "faults", &fault).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    }

    pub(crate) async fn hold(&self, hold: Value) -> u64 {
        let answer = self.control(Method::POST, "holds", &hold).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json()["id"].as_u64().unwrap()
    }

    /// A customer, and its number.
    pub(crate) async fn customer(&self) -> String {
        self.post("/v1/customer", &customer("Kari Nordmann", "kari@example.com")).await.number()
    }

    /// An invoice with this reference on a new customer, and its number.
    pub(crate) async fn invoice(&self, reference: &str) -> String {
        let body = invoice(&self.customer().await, reference);
        self.post("/v2/customerinvoice", &body).await.number()
    }
}

pub(crate) async fn read(mut response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.unwrap() {
        body.extend_from_slice(&chunk);
    }
    Answer { status, headers, body: String::from_utf8(body).unwrap() }
}

pub(crate) fn token_form(sandbox: &Sandbox) -> String {
    let config = sandbox.company.config();
    let scope = ["create", "read", "update", "delete"].map(|verb| format!("vismanet_erp_service_api:{verb}")).join(" ");
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &config.client_id)
        .append_pair("client_secret", &config.client_secret)
        .append_pair("scope", &scope)
        .append_pair("tenant_id", &config.tenant_id)
        .finish()
}

/// A wrapped value.
pub(crate) fn v(value: impl Into<Value>) -> Value {
    json!({ "value": value.into() })
}

/// A JSON number with these digits.
pub(crate) fn n(digits: &str) -> Value {
    serde_json::from_str(digits).unwrap()
}

pub(crate) fn customer(name: &str, email: &str) -> Value {
    json!({
        "name": v(name),
        "mainAddress": v(json!({ "addressLine1": v("Storgata 1"), "countryId": v("NO") })),
        "mainContact": v(json!({ "email": v(email) })),
    })
}

/// A line of a quantity at a price, on the sales account with 25 % VAT.
pub(crate) fn line(quantity: &str, price: &str) -> Value {
    json!({
        "operation": "Insert", "description": v("Støvel 42"), "quantity": v(n(quantity)),
        "unitPriceInCurrency": v(n(price)), "accountNumber": v("3000"), "vatCodeId": v("3"),
        "subaccount": [{ "segmentId": 1, "segmentValue": "10" }, { "segmentId": 2, "segmentValue": "100" }],
    })
}

/// One line of 2 × 640.00, 25 % VAT: 1600.00 in all.
pub(crate) fn invoice(customer: &str, reference: &str) -> Value {
    json!({
        "customerNumber": v(customer), "documentDate": v("2026-11-22"), "externalReference": v(reference),
        "invoiceLines": [line("2", "640.00")],
    })
}

/// `body` with the member `name` set.
pub(crate) fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

/// `body` with the member `name` of its first line set; `null` takes it away.
pub(crate) fn with_line(mut body: Value, name: &str, value: Value) -> Value {
    let line = body["invoiceLines"][0].as_object_mut().unwrap();
    if value.is_null() {
        line.remove(name);
    } else {
        line.insert(name.to_owned(), value);
    }
    body
}
