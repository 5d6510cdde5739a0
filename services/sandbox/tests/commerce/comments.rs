//! Comments on orders.

use sandbox::commerce::Config;

use crate::client::{Served, serve};
use crate::signer::Signer;

async fn shop() -> Served {
    serve(Config::default(), 2).await
}

#[tokio::test]
async fn a_comment_does_not_move_the_order() {
    let shop = shop().await;
    let before = shop.get("orders/1").await.json;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let body =
        r#"{"statusHistory":{"comment":"[x key=1]","parent_id":2,"is_customer_notified":0,"entity_name":"order"}}"#;
    for _ in 0..2 {
        shop.post("orders/1/comments", body).await.is(200, "true");
    }
    let after = shop.get("orders/1").await.json;
    assert_eq!(after["updated_at"], before["updated_at"]);
    assert_eq!(after["status_histories"].as_array().unwrap().len(), 2, "duplicates are stored twice");
    assert_eq!(after["status_histories"][0]["parent_id"], 1, "the one in the body is ignored");
    assert_eq!(after["grand_total"], before["grand_total"]);
    let list = shop.get("orders/1/comments").await;
    assert_eq!(list.items("entity_id"), ["1", "2"], "oldest first, unlike in the order");
    assert_eq!(list.items("status"), ["pending", "pending"]);
}

#[tokio::test]
async fn the_status_must_be_the_orders_own() {
    let shop = shop().await;
    for status in ["\"pending\"", "null", "\"\""] {
        let body = format!("{{\"statusHistory\":{{\"comment\":\"c\",\"status\":{status}}}}}");
        shop.post("orders/1/comments", &body).await.is(200, "true");
    }
    shop.post("orders/1/comments", "{\"statusHistory\":{\"comment\":\"c\",\"status\":\"processing\"}}").await.is(
        400,
        "{\"message\":\"Unable to add comment: The status \\\"%1\\\" is not part of the order\\n                 status \
         history.\",\"parameters\":[\"processing\"]}",
    );
}

#[tokio::test]
async fn bodies_that_are_none() {
    let shop = shop().await;
    let required =
        r#"{"message":"\"%fieldName\" is required. Enter and try again.","parameters":{"fieldName":"statusHistory"}}"#;
    shop.post("orders/1/comments", "{").await.is(400, "{\"message\":\"Decoding error.\"}");
    for body in ["", "[]", "{}"] {
        shop.post("orders/1/comments", body).await.is(400, required);
    }
    shop.post("orders/1/comments", "{\"statusHistory\":\"text\"}").await.is(200, "true");
    shop.post("orders/1/comments", "{\"statusHistory\":{\"nope\":1}}").await.is(
        400,
        "{\"message\":\"\\\"%fieldName\\\" is not supported. Correct the field name and try again.\",\
         \"parameters\":{\"fieldName\":\"Nope\"}}",
    );
    let wrong = shop.post("orders/1/comments", "{\"statusHistory\":{\"is_customer_notified\":\"abc\"}}").await;
    assert!(
        wrong.message().starts_with("Error occurred during \"is_customer_notified\" processing."),
        "{}",
        wrong.text
    );
    assert_eq!(shop.post("orders/99/comments", "{\"statusHistory\":{}}").await.status, 404);
    let url = format!("{}/rest/V1/orders/1/comments", shop.base);
    let header = Signer::new(&shop.keys).header("POST", &url);
    let plain = [("Authorization", header.as_str()), ("Content-Type", "text/plain")];
    shop.send("POST", &url, &plain, "{}")
        .await
        .is(400, "{\"message\":\"Server cannot understand Content-Type HTTP header media type text/plain\"}");
}

#[tokio::test]
async fn a_comment_that_stands_twice_is_told() {
    let shop = shop().await;
    for text in ["one", "two", "one"] {
        let body = format!("{{\"statusHistory\":{{\"comment\":\"{text}\",\"entity_name\":\"order\"}}}}");
        shop.post("orders/2/comments", &body).await.is(200, "true");
    }
    let doubled = shop.shop.doubled_comments();
    assert_eq!(doubled.len(), 1);
    assert_eq!(doubled[&shop.shop.ledger()[1].increment_id], ["one"]);
}
