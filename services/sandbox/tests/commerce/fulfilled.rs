//! Checks what a shop does with an order: documents, states, refusals.

use rust_decimal::Decimal;
use sandbox::commerce::Config;
use serde_json::{Value, json};

use crate::client::{Answer, Served, criteria_query, serve};

async fn act(shop: &Served, order: u64, verb: &str, body: &Value) -> Answer {
    shop.control(&format!("commerce/orders/{order}/{verb}"), &body.to_string()).await
}

fn amount(document: &Value, name: &str) -> Decimal {
    let text = document[name].to_string();
    text.parse().or_else(|_| Decimal::from_scientific(&text)).unwrap_or_default()
}

/// The first item that carries money, with what was ordered of it.
fn first_line(order: &Value) -> (u64, u64) {
    let items = order["items"].as_array().unwrap();
    let line = items.iter().find(|item| item["qty_ordered"].as_u64().is_some_and(|quantity| quantity > 1)).unwrap();
    (line["item_id"].as_u64().unwrap(), line["qty_ordered"].as_u64().unwrap())
}

/// The header identity that was measured on every recorded document.
fn header(document: &Value, base: &str, memo: bool) -> Decimal {
    let of = |name: &str| amount(document, &format!("{base}{name}"));
    let shipping = if memo {
        of("adjustment_positive") - of("adjustment_negative")
    } else {
        let spelt = if base.is_empty() { "amount" } else { "amnt" };
        of(&format!("shipping_discount_tax_compensation_{spelt}"))
    };
    of("subtotal")
        + of("discount_amount")
        + of("shipping_amount")
        + of("tax_amount")
        + of("discount_tax_compensation_amount")
        + shipping
}

#[tokio::test]
async fn invoicing_moves_the_order_on_and_happens_once() {
    let shop = serve(Config::default(), 3).await;
    let placed = shop.get("orders/1").await.json;
    let made = act(&shop, 1, "invoice", &json!({})).await;
    assert_eq!((made.status.as_u16(), &made.json["entity_id"]), (200, &json!(1)), "{}", made.text);
    let order = shop.get("orders/1").await.json;
    assert_eq!((&order["state"], &order["status"]), (&json!("processing"), &json!("processing")));
    assert_eq!(order["total_paid"], placed["grand_total"]);
    assert_eq!(order["total_due"], 0);
    let found = shop.get(&format!("invoices?{}", criteria_query(&[("", "all")]))).await;
    assert_eq!(found.items("order_id"), ["1"]);
    assert_eq!(found.json["items"][0]["grand_total"], placed["grand_total"]);
    act(&shop, 1, "invoice", &json!({})).await.is(
        400,
        "{\"message\":\"Invoice Document Validation Error(s):\\nThe invoice can't be created without products. Add \
         products and try again.\\nThe order does not allow an invoice to be created.\"}",
    );
    act(&shop, 99, "invoice", &json!({}))
        .await
        .is(404, "{\"message\":\"The entity that was requested doesn't exist. Verify the entity and try again.\"}");
}

#[tokio::test]
async fn parts_add_up_to_the_order() {
    let shop = serve(Config::default(), 40).await;
    for id in 1..=40 {
        let order = shop.get(&format!("orders/{id}")).await.json;
        let items = order["items"].as_array().unwrap();
        let whole = |item: &&Value| item["qty_ordered"].as_u64().is_some_and(|quantity| quantity > 1);
        let lines: Vec<Value> = items
            .iter()
            .filter(|item| item.get("parent_item_id").is_none())
            .filter(whole)
            .map(|item| json!({ "order_item_id": item["item_id"], "qty": 1 }))
            .collect();
        if !lines.is_empty() {
            let part = act(&shop, id, "invoice", &json!({ "items": lines })).await;
            assert_eq!(part.status, 200, "{}", part.text);
        }
        let rest = act(&shop, id, "invoice", &json!({})).await;
        assert_eq!(rest.status, 200, "{}", rest.text);
        let invoiced = shop.get(&format!("orders/{id}")).await.json;
        for name in ["grand_total", "base_grand_total"] {
            assert_eq!(
                amount(&invoiced, &name.replace("grand_total", "total_paid")),
                amount(&order, name),
                "order {id}"
            );
        }
    }
    let invoices = shop.get(&format!("invoices?{}", criteria_query(&[("", "all")]))).await.json;
    assert!(invoices["total_count"].as_u64() > Some(50));
    let credits = |invoice: &Value| {
        let extension = &invoice["extension_attributes"];
        amount(extension, "gift_cards_amount") + amount(extension, "customer_balance_amount")
    };
    let mut unexplained = 0;
    for invoice in invoices["items"].as_array().unwrap() {
        let off = header(invoice, "", false) - credits(invoice) - amount(invoice, "grand_total");
        // Reward points have no field on an invoice; nothing else may be missing.
        unexplained += u32::from(!off.is_zero());
        assert!(off >= Decimal::ZERO, "{invoice}");
    }
    assert!(unexplained <= 2, "{unexplained} of the invoices do not add up");
}

#[tokio::test]
async fn refunds_with_adjustments_and_their_limit() {
    let shop = serve(Config::default(), 30).await;
    let id = 3;
    act(&shop, id, "invoice", &json!({})).await;
    let adjusted = act(
        &shop,
        id,
        "creditmemo",
        &json!({ "items": [], "arguments": {
        "shipping_amount": 0, "adjustment_positive": 12.34, "adjustment_negative": 2 } }),
    )
    .await;
    assert_eq!(adjusted.status, 200, "{}", adjusted.text);
    let rest = act(&shop, id, "creditmemo", &json!({})).await;
    assert_eq!(rest.status, 400, "more than was paid: {}", rest.text);
    assert!(rest.message().contains("The most money available to refund is "), "{}", rest.text);
    let order = shop.get(&format!("orders/{id}")).await.json;
    assert_eq!((&order["state"], &order["status"]), (&json!("processing"), &json!("processing")));
    assert_eq!((&order["base_adjustment_positive"], &order["base_adjustment_negative"]), (&json!(12.34), &json!(2)));
    let note = &order["status_histories"][0];
    assert_eq!((&note["entity_name"], &note["status"]), (&json!("creditmemo"), &json!("processing")));
    assert!(note["comment"].as_str().unwrap().starts_with("We refunded NOK\u{a0}"), "{note}");

    for id in 4..=30 {
        act(&shop, id, "invoice", &json!({})).await;
        let whole = act(&shop, id, "creditmemo", &json!({})).await;
        assert_eq!(whole.status, 200, "{}", whole.text);
    }
    let memos = shop.get(&format!("creditmemos?{}", criteria_query(&[("", "all")]))).await.json;
    for memo in memos["items"].as_array().unwrap() {
        assert!(memo.get("invoice_id").is_none(), "offline payments have none");
        assert!(header(memo, "base_", true) >= amount(memo, "base_grand_total"), "{memo}");
        let argued = memo["order_id"] == 3;
        assert_eq!(memo.get("adjustment_positive").is_some(), argued);
    }
    let states: Vec<String> = shop.shop.ledger().into_iter().skip(3).map(|order| order.state).collect();
    assert!(states.iter().filter(|state| *state == "closed").count() > 20, "{states:?}");
}

#[tokio::test]
async fn the_same_part_twice_is_two_documents() {
    let shop = serve(Config::default(), 60).await;
    let orders = shop.orders(&[("", "all")]).await.json;
    let order = orders["items"].as_array().unwrap().iter().find(|order| {
        let items = order["items"].as_array().unwrap();
        items.len() == 1 && items[0]["qty_ordered"].as_u64().is_some_and(|quantity| quantity >= 3)
    });
    let order = order.unwrap();
    let id = order["entity_id"].as_u64().unwrap();
    let (item, ordered) = first_line(order);
    let part = json!({ "items": [{ "order_item_id": item, "qty": 1 }] });
    for _ in 0..ordered {
        assert_eq!(act(&shop, id, "invoice", &part).await.status, 200);
    }
    let refused = act(&shop, id, "invoice", &part).await;
    assert_eq!(refused.status, 400, "{}", refused.text);
    let too_many = act(&shop, id, "creditmemo", &json!({ "items": [{ "order_item_id": item, "qty": 99 }] })).await;
    assert!(too_many.message().starts_with("We found an invalid quantity to refund item"), "{}", too_many.text);
    let found = shop.get(&format!("invoices?{}", criteria_query(&[("", "all")]))).await;
    assert_eq!(found.items("order_id").len() as u64, ordered);
    let with_shipping =
        found.json["items"].as_array().unwrap().iter().filter(|one| one.get("shipping_amount").is_some());
    assert_eq!(with_shipping.count(), 1, "later invoices have no shipping keys");
}

#[tokio::test]
async fn states_follow() {
    let shop = serve(Config::default(), 60).await;
    act(&shop, 1, "hold", &json!({})).await.is(200, "{\"done\":true}");
    let held = act(&shop, 1, "invoice", &json!({})).await;
    assert!(held.message().ends_with("An invoice cannot be created when an order has a status of holded"));
    act(&shop, 1, "unhold", &json!({})).await.is(200, "{\"done\":true}");
    assert!(shop.get("orders/1").await.json.get("hold_before_state").is_none());
    act(&shop, 1, "cancel", &json!({})).await.is(200, "{\"done\":true}");
    let canceled = shop.get("orders/1").await.json;
    assert_eq!(canceled["state"], "canceled");
    assert_eq!(canceled["total_canceled"], canceled["grand_total"]);
    act(&shop, 1, "cancel", &json!({})).await.is(200, "{\"done\":false}");
    assert_eq!(act(&shop, 1, "nosuch", &json!({})).await.status, 404);

    let orders = shop.orders(&[("", "all")]).await.json;
    let shipped =
        orders["items"].as_array().unwrap().iter().find(|order| order["is_virtual"] == 0 && order["entity_id"] != 1);
    let id = shipped.unwrap()["entity_id"].as_u64().unwrap();
    act(&shop, id, "invoice", &json!({ "capture": false })).await;
    let invoices = shop.get("invoices/1").await.json;
    assert_eq!(invoices["state"], 1, "open until it is captured");
    assert!(shop.get(&format!("orders/{id}")).await.json.get("total_paid").is_none());
    act(&shop, id, "pay", &json!({})).await.is(200, "{\"done\":true}");
    assert_eq!(shop.get("invoices/1").await.json["state"], 2);
    assert_eq!(shop.get(&format!("orders/{id}")).await.json["total_due"], 0);
    let sent = act(&shop, id, "ship", &json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(shop.get(&format!("orders/{id}")).await.json["state"], "complete");
    let shipments = shop.get(&format!("shipments?{}", criteria_query(&[("", "all")]))).await;
    assert_eq!(shipments.items("order_id"), [id.to_string()]);
    assert_eq!(shop.get("shipment/1").await.json["items"][0]["parent_id"], 1);
}
