//! A request that stands still in the sandbox until a test lets it go.

use serde_json::Value;

use crate::house::House;

/// An armed hold.
pub(crate) struct Hold {
    url: String,
    http: reqwest::Client,
}

impl Hold {
    /// Arms one: the point where a request is to stand still, and which request.
    pub(crate) async fn arm(house: &House, spec: &Value) -> Self {
        let id = house.installation.tell("holds", spec).await.unwrap()["id"].as_u64().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url: format!("http://{}/_sandbox/holds/{id}", house.installation.visma), http }
    }

    /// Returns when a request stands there.
    pub(crate) async fn reached(&self) {
        while self.status("").await["state"] == "armed" {}
    }

    /// Returns when the sandbox has noticed that the request's client is gone.
    pub(crate) async fn client_gone(&self) {
        while self.status("&client_gone=true").await["client_gone"] == false {}
    }

    async fn status(&self, what: &str) -> Value {
        let url = format!("{}?wait_ms=5000{what}", self.url);
        let text = self.http.get(url).send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Lets the request go on (`release`), or ends it without an answer (`abort`).
    pub(crate) async fn end(&self, how: &str) {
        let answer = self.http.post(format!("{}/{how}", self.url)).send().await.unwrap();
        assert!(answer.status().is_success(), "{how}: {}", answer.status());
    }
}
