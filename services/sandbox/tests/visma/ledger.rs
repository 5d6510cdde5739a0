//! The ledger compares the two systems' books.

use http::{Method, StatusCode};
use serde_json::json;

use crate::support::{invoice, n, start, start_with_orders, v, with, with_line};

#[tokio::test]
async fn the_ledger_finds_what_is_doubled_missing_wrong_or_unexpected() {
    let visma = start_with_orders(4, json!({})).await;
    let orders = visma.sandbox.shop.ledger();
    let customer = visma.customer().await;
    let exact = |place: usize, total: &str| {
        let order = &orders[place];
        let body = invoice(&customer, &format!("WEB-{}", order.increment_id));
        let body = with(body, "currencyId", v(order.currency.as_str()));
        with_line(with_line(body, "manualAmountInCurrency", v(n(total))), "vatCodeId", v("6"))
    };
    let total = |place: usize| orders[place].grand_total.to_string();
    for body in [
        exact(0, &total(0)),
        exact(1, &total(1)),
        exact(1, &total(1)),
        exact(2, &(orders[2].grand_total + rust_decimal::Decimal::new(1, 2)).to_string()),
        invoice(&customer, "OTHER-1"),
    ] {
        visma.post("/v2/customerinvoice", &body).await.number();
    }
    let ledger = visma.control(Method::GET, "ledger", &json!(null)).await.json();
    assert_eq!((&ledger["orders"]["count"], &ledger["invoices"]["count"]), (&json!(4), &json!(5)));
    let twice = format!("WEB-{}", orders[1].increment_id);
    assert_eq!(ledger["duplicates"], json!({ twice: ["100002", "100003"] }));
    assert_eq!(ledger["missing"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["missing"][0]["increment_id"], json!(orders[3].increment_id));
    assert_eq!(ledger["totals_differ"].as_array().unwrap().len(), 1, "{}", ledger["totals_differ"]);
    assert_eq!(ledger["totals_differ"][0]["increment_id"], json!(orders[2].increment_id));
    assert_eq!(ledger["unexpected"].as_array().unwrap().len(), 1);
    assert_eq!(ledger["unexpected"][0]["external_reference"], "OTHER-1");
    assert_eq!(ledger["documents"].as_array().unwrap().len(), 4);
    assert_eq!(ledger["calls"]["visma"]["by_kind"]["POST /v2/customerinvoice"]["calls"], 5);
}

#[tokio::test]
async fn customers_with_one_address_are_told() {
    let visma = start(json!({})).await;
    visma.customer().await;
    visma.control(Method::POST, "visma/customers", &json!({ "emails": ["KARI@example.com", "ola@example.com"] })).await;
    let ledger = visma.control(Method::GET, "ledger", &json!(null)).await.json();
    assert_eq!(ledger["customers"], 3);
    assert_eq!(ledger["duplicate_customers"], json!({ "kari@example.com": ["10000", "10001"] }));
}

#[tokio::test]
async fn the_shops_customers_can_be_in_visma_already() {
    let visma = start_with_orders(10, json!({})).await;
    let seeded = visma.control(Method::POST, "visma/customers", &json!({ "of_shop": 2 })).await.json();
    assert_eq!(seeded["numbers"].as_array().unwrap().len(), 2);
    let email = visma.sandbox.shop.ledger().iter().find_map(|order| order.customer_email.clone()).unwrap();
    assert_eq!(visma.list(&format!("/v1/customer?email={email}")).await.len(), 1);
}

#[tokio::test]
async fn the_log_keeps_bodies_and_leaves_secrets_out() {
    let visma = start(json!({})).await;
    visma.customer().await;
    let log = visma.control(Method::GET, "log", &json!(null)).await.json();
    let text = log.to_string();
    assert!(!text.contains("sandbox-secret") && !text.contains(&visma.token), "{text}");
    let post = &log[1];
    assert_eq!((&post["kind"], &post["status"]), (&json!("POST /v1/customer"), &json!(201)));
    assert!(post["body"].as_str().unwrap().contains("kari@example.com"));
    let since = visma.control(Method::GET, "log?since=1", &json!(null)).await.json();
    assert_eq!(since.as_array().unwrap().len(), 1);
    visma.control(Method::POST, "reset-calls", &json!(null)).await;
    assert_eq!(visma.control(Method::GET, "calls", &json!(null)).await.json(), json!({}));
}

#[tokio::test]
async fn settings_change_while_it_runs_and_nonsense_changes_nothing() {
    let visma = start(json!({})).await;
    let changed = visma.control(Method::POST, "visma/config", &json!({ "max_page_size": 3 })).await.json();
    assert_eq!(changed["max_page_size"], 3);
    for nonsense in [json!({ "max_page": 3 }), json!({ "max_page_size": "three" })] {
        let answer = visma.control(Method::POST, "visma/config", &nonsense).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(visma.control(Method::GET, "visma/config", &json!(null)).await.json()["max_page_size"], 3);
}

#[tokio::test]
async fn the_shops_invoices_memos_and_cancellations_are_joined_with_what_they_became() {
    let visma = start_with_orders(6, json!({})).await;
    let shop =
        async |path: &str| visma.control(Method::POST, &format!("commerce/orders/{path}"), &json!({})).await.json();
    for id in 1..=3 {
        shop(&format!("{id}/invoice")).await;
    }
    let customer = visma.customer().await;
    let exact = |reference: &str, currency: &str, total: &str| {
        let body = with(invoice(&customer, reference), "currencyId", v(currency));
        with_line(with_line(body, "manualAmountInCurrency", v(n(total))), "vatCodeId", v("6"))
    };
    let invoices = visma.sandbox.shop.ledger_invoices();
    let of = |place: usize| (&invoices[place], format!("WEB-I{}", invoices[place].increment_id));
    let (first, reference) = of(0);
    let body = exact(&reference, &first.currency, &first.grand_total.to_string());
    visma.post("/v2/customerinvoice", &body).await.number();
    let (second, reference) = of(1);
    let twice = exact(&reference, &second.currency, &second.grand_total.to_string());
    for _ in 0..2 {
        visma.post("/v2/customerinvoice", &twice).await.number();
    }
    // An order that is cancelled after it was booked, and one that never was.
    let orders = visma.sandbox.shop.ledger();
    let (booked, total) = (&orders[4], orders[4].grand_total.to_string());
    visma.post("/v2/customerinvoice", &exact(&format!("WEB-{}", booked.increment_id), &booked.currency, &total)).await;
    shop("5/cancel").await;
    shop("6/cancel").await;
    shop("1/creditmemo").await;

    let ledger = visma.control(Method::GET, "ledger", &json!(null)).await.json();
    let joined = &ledger["commerce_invoices"];
    assert_eq!((&joined["documents"]["count"], &joined["matched"]), (&json!(3), &json!(1)));
    assert_eq!(joined["missing"][0]["increment_id"], json!(invoices[2].increment_id));
    assert_eq!(joined["missing"].as_array().unwrap().len(), 1);
    assert_eq!(joined["duplicates"].as_object().unwrap().len(), 1);
    assert_eq!(joined["totals_differ"], json!([]));
    assert_eq!(ledger["unexpected"], json!([]));
    assert_eq!(ledger["credit_memos"]["missing"].as_array().unwrap().len(), 1);
    let uncancelled = ledger["uncancelled"].as_array().unwrap();
    assert_eq!(uncancelled.len(), 1, "{uncancelled:?}");
    assert_eq!(uncancelled[0]["increment_id"], json!(booked.increment_id));
    assert_eq!(ledger["doubled_comments"], json!({}));
}

/// Compares what a shop does to one order in a row with what stands for it in Visma.
#[tokio::test]
async fn an_account_that_does_not_balance_is_told_with_both_amounts() {
    let visma = start_with_orders(3, json!({})).await;
    let shop = async |path: &str, body: serde_json::Value| {
        visma.control(Method::POST, &format!("commerce/orders/{path}"), &body).await.json()
    };
    let customer = visma.customer().await;
    let orders = visma.sandbox.shop.ledger();
    let unbalanced = async || visma.control(Method::GET, "ledger", &json!(null)).await.json()["unbalanced"].clone();
    // Without VAT codes that suit, VAT differs, and so it is the one that is told.
    let order = &orders[0];
    let body =
        with(invoice(&customer, &format!("WEB-{}", order.increment_id)), "currencyId", v(order.currency.as_str()));
    let body = with_line(body, "manualAmountInCurrency", v(n(&order.grand_total.to_string())));
    visma.post("/v2/customerinvoice", &with_line(body, "vatCodeId", v("6"))).await.number();
    let told = unbalanced().await;
    assert_eq!(told.as_array().unwrap().len(), 1, "{told:#}");
    assert_eq!((&told[0]["increment_id"], &told[0]["vat"]), (&json!(order.increment_id), &json!({})));
    assert_eq!(told[0]["stands"], told[0]["should_stand"]);
    shop(&format!("{}/cancel", order.entity_id), json!({})).await;
    let told = unbalanced().await;
    assert_eq!(told[0]["should_stand"].to_string().trim_matches('"').parse::<f64>().unwrap(), 0.0, "{told:#}");
    assert_eq!(told[0]["vat_should"], json!({}));
    assert!(told[0]["documents"][0].as_str().unwrap().contains(&order.increment_id), "{told:#}");
}
