//! A release is answered before it is done, and can fail after that.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, start, v};

impl Client {
    /// Releases what is at this path, and waits until its status says so.
    pub(crate) async fn release(&self, path: &str) -> String {
        let answer = self.post(&format!("{path}/action/release"), &json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        for _ in 0..200 {
            let status = self.get(path).await.json()["status"].as_str().unwrap().to_owned();
            if status == "Open" || status == "Closed" {
                return status;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{path} is not released");
    }

    async fn status(&self, path: &str) -> Value {
        self.get(path).await.json()["status"].clone()
    }
}

#[tokio::test]
async fn a_release_is_queued_and_done_later() {
    let visma = start(json!({ "release_ms": 600_000 })).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let before = visma.get(&path).await.json();
    let answer = visma.post(&format!("{path}/action/release"), &json!({})).await.json();
    assert_eq!((&answer["actionResult"], &answer["errorInfo"]), (&json!("Queued"), &json!("")));
    assert_eq!(visma.get(&path).await.json(), before, "nothing has happened yet");
    for (method, path) in [(Method::POST, format!("{path}/action/release")), (Method::PUT, path.clone())] {
        let sentence = visma.send(method, &path, &json!({})).await.refused();
        assert!(sentence.contains("because it is being released."), "{sentence}");
    }

    visma.sandbox.company.patch_config(json!({ "release_ms": 50, "release_answer": "in_process" })).unwrap();
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-2").await);
    assert_eq!(visma.release(&path).await, "Open");
    let after = visma.get(&path).await.json();
    assert_eq!((&after["balanceInCurrency"], &after["hold"]), (&after["amountInCurrency"], &json!(false)));
    let sentence = visma.post(&format!("{path}/action/release"), &json!({})).await.refused();
    assert!(sentence.ends_with("Invoice can't be released because it is already released."), "{sentence}");
}

#[tokio::test]
async fn a_draft_is_not_released_until_it_is_taken_off_hold() {
    let visma = start(json!({ "hold_by_default": true })).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let release = format!("{path}/action/release");
    assert!(visma.post(&release, &json!({})).await.refused().contains("On Hold"));
    let etag = visma.get(&path).await.header("etag").to_owned();
    visma.put(&path, &etag, &json!({ "hold": v(false) })).await;
    let request = visma.request(Method::POST, &release).header("if-match", &etag).body("{}");
    assert_eq!(request.send().await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
    assert_eq!(visma.release(&path).await, "Open");
}

#[tokio::test]
async fn a_release_can_fail_at_once_or_after_it_was_answered() {
    let visma = start(json!({ "release_ms": 100 })).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let release = format!("{path}/action/release");
    visma.sandbox.company.patch_config(json!({ "release_answer": "failed" })).unwrap();
    let failed = visma.post(&release, &json!({})).await.json();
    assert_eq!((&failed["actionResult"], visma.status(&path).await), (&json!("Failed"), json!("Balanced")));
    assert_ne!(failed["errorInfo"], "");
    visma.sandbox.company.patch_config(json!({ "release_answer": "done" })).unwrap();
    assert_eq!(visma.post(&release, &json!({})).await.json()["actionResult"], "Done");
    visma.control(Method::POST, "visma/periods", &json!({ "period": "202611", "closed": true })).await;
    tokio::time::sleep(std::time::Duration::from_millis(150)).await;
    assert_eq!(visma.status(&path).await, "Balanced");
    let audit = visma.sandbox.company.findings();
    assert_eq!((audit.releases, audit.failed_releases), (0, 2));
}

#[tokio::test]
async fn an_accountant_deletes_doubles_releases_and_pays() {
    let visma = start(json!({ "release_ms": 0 })).await;
    let path = format!("/v1/customerinvoice/{}", visma.invoice("WEB-1").await);
    let errand = |deed: &str| json!({ "entity": "invoice", "reference": "WEB-1", "do": deed });
    visma.accountant(errand("release")).await;
    visma.accountant(json!({ "entity": "invoice", "reference": "WEB-1", "do": "pay", "amount": "600.00" })).await;
    let read = visma.get(&path).await.json();
    assert_eq!((&read["status"], read["balanceInCurrency"].to_string()), (&json!("Open"), "1000.0000".to_owned()));
    assert_eq!(read["applications"][0]["docType"], "Payment");
    visma.accountant(errand("pay")).await;
    assert_eq!(visma.status(&path).await, "Closed");
    visma.accountant(errand("double")).await;
    assert_eq!(visma.list("/v1/customerinvoice?externalReference=WEB-1").await.len(), 2);
    let body = json!({ "invoiceLines": [{ "operation": "Update", "lineNumber": v(1), "quantity": v(3) }] });
    visma.accountant(json!({ "entity": "invoice", "number": "100001", "body": body })).await;
    assert_eq!(visma.status(&path).await, "Open", "a released invoice costs more than was paid");
    visma.accountant(errand("delete")).await;
    assert!(visma.sandbox.company.ledger().is_empty());
}
