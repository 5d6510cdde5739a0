//! Supplier invoices and purchase orders: only read over the API, written at the test's own door.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Client, n, start, start_with_orders};

impl Client {
    async fn created(&self, path: &str, body: Value) -> Value {
        let answer = self.control(Method::POST, path, &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        answer.json()
    }

    async fn patched(&self, path: &str, body: Value) {
        let answer = self.control(Method::POST, path, &body).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    }
}

#[tokio::test]
async fn a_supplier_invoice_names_its_purchase_order_and_that_its_sales_order() {
    let visma = start(json!({})).await;
    let body = json!({ "of_orders": ["000000007"], "place": "note", "pattern": "Web order {order}, thanks" });
    let generated = visma.created("visma/supplier-invoices", body).await;
    assert_eq!(generated[0]["order"], "000000007");
    let (number, order) = (generated[0]["number"].as_str().unwrap(), generated[0]["purchase_order"].as_str().unwrap());

    let path = format!("/v1/supplierInvoice/Invoice/{number}");
    let read = visma.get(&path).await;
    let invoice = read.json();
    assert_eq!(format!("\"{}\"", invoice["timeStamp"].as_str().unwrap()), read.header("etag"));
    assert_eq!(invoice["supplier"], json!({ "number": "50000", "name": "Nordisk Lær AS" }));
    assert_eq!((&invoice["status"], &invoice["invoiceLines"][0]["poNumber"]), (&json!("Open"), &json!(order)));
    assert_eq!(
        (&invoice["invoiceLines"][0]["poLineNr"], invoice["invoiceLines"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    let (post, financial) = (invoice["postPeriod"].as_str().unwrap(), invoice["financialPeriod"].as_str().unwrap());
    assert_eq!((&post[..2], &post[2..]), (&financial[4..], &financial[..4]), "the same month, written in two ways");

    let order = visma.get(&format!("/v1/purchaseorder/{order}")).await.json();
    assert_eq!((&order["note"], &order["supplierRef"]), (&json!("Web order 000000007, thanks"), &json!(null)));
    assert_eq!(order["orderTotal"], invoice["amount"]);
    assert_eq!((&order["orderType"], &order["status"]), (&json!("RegularOrder"), &json!("Open")));
    for path in ["/v1/supplierInvoice/CreditAdj/300001", "/v1/supplierInvoice/300001", "/v1/purchaseorder/1"] {
        assert_eq!(visma.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_same_number_occurs_in_several_types() {
    let visma = start(json!({})).await;
    let line = |cost: &str| json!([{ "quantity": "3", "unit_cost": cost, "vat": "11" }]);
    let body = json!({ "documents": [
        { "number": "300045", "lines": line("33.335"), "paid": "50.00" },
        { "number": "300045", "document_type": "CreditAdj", "lines": line("1"), "note": "returned" },
    ] });
    visma.created("visma/supplier-invoices", body).await;
    let invoice = visma.get("/v1/supplierinvoice/Invoice/300045").await.json();
    assert_eq!((&invoice["detailTotalInCurrency"], &invoice["vatTotal"]), (&n("100.0100"), &n("15.0000")));
    assert_eq!((&invoice["amount"], &invoice["balance"]), (&n("115.0100"), &n("65.0100")));
    let credit = visma.get("/v1/supplierinvoice/CreditAdj/300045").await.json();
    assert_eq!((&credit["amount"], &credit["note"]), (&n("3.4500"), &json!("returned")));

    let path = "/v1/supplierInvoice?documentType=CreditAdj";
    assert_eq!(visma.list(path).await[0]["note"], json!(null), "lists show it on demand");
    assert_eq!(visma.list(&format!("{path}&expandNote=true")).await[0]["note"], "returned");
    assert_eq!(visma.list("/v1/supplierInvoice").await.len(), 2);
}

#[tokio::test]
async fn changes_move_the_version_and_show_in_deltas() {
    let visma = start(json!({})).await;
    let generated = visma.created("visma/supplier-invoices", json!({ "count": 3 })).await;
    assert_eq!(generated[1]["purchase_order"], json!(null), "some are for no purchase order");
    let number = generated[0]["number"].as_str().unwrap();
    let order = generated[0]["purchase_order"].as_str().unwrap();
    let all = visma.list("/v1/supplierInvoice").await;
    let newest = all.iter().map(|row| row["lastModifiedDateTime"].as_str().unwrap().to_owned()).max().unwrap();
    let delta =
        |resource: &str| format!("/v1/{resource}?lastModifiedDateTime={newest}&lastModifiedDateTimeCondition=%3E");
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert!(visma.list(&delta("supplierInvoice")).await.is_empty());
    visma.patched(&format!("visma/supplier-invoices/Invoice/{number}"), json!({ "status": "Closed" })).await;
    visma.patched(&format!("visma/purchase-orders/{order}"), json!({ "supplier_ref": "WEB 9" })).await;
    let found = visma.list(&delta("supplierInvoice")).await;
    assert_eq!((found.len(), &found[0]["status"]), (1, &json!("Closed")));
    assert_eq!(found[0]["metadata"]["totalCount"], 1);
    let before = all.iter().find(|row| row["referenceNumber"] == number).unwrap();
    assert_ne!(found[0]["timeStamp"], before["timeStamp"]);
    assert_eq!(found[0]["createdDateTime"], before["createdDateTime"]);
    assert_eq!(visma.list(&delta("purchaseorder")).await[0]["supplierRef"], "WEB 9");

    for (path, patch) in [
        ("visma/supplier-invoices/Invoice/9", json!({ "status": "Closed" })),
        ("visma/purchase-orders/9", json!({})),
        ("visma/purchase-orders/500000", json!({ "status": "Asleep" })),
        ("visma/purchase-orders/500000", json!({ "suplier": "50000" })),
        ("visma/supplier-invoices", json!({ "documents": [{ "lines": [{ "po_number": "9" }] }] })),
        ("visma/purchase-orders", json!({ "supplier": "9" })),
    ] {
        assert_eq!(visma.control(Method::POST, path, &patch).await.status, StatusCode::BAD_REQUEST, "{path} {patch}");
    }
}

#[tokio::test]
async fn purchase_orders_are_filtered_by_their_own_names() {
    let visma = start(json!({})).await;
    for order in [
        json!({ "date": "2026-11-20", "promised_on": "2026-12-01" }),
        json!({ "status": "Closed", "supplier": "50001", "custom": { "customStr1": "WEB-7" } }),
    ] {
        visma.created("visma/purchase-orders", order).await;
    }
    for (query, numbers) in [
        ("orderStatus=Open", vec!["500000"]),
        ("status=Open", vec!["500000", "500001"]),
        ("supplier=50001", vec!["500001"]),
        ("greaterThanValue=500000", vec!["500001"]),
        ("orderDate=2026-11-20&orderDateCondition=%3C%3D", vec!["500000"]),
        ("deliveryDate=2026-12-01&deliveryDateCondition=%3E", vec![]),
        ("orderType=DropShip", vec![]),
    ] {
        let found = visma.list(&format!("/v1/purchaseorder?{query}")).await;
        let found: BTreeSet<&str> = found.iter().map(|order| order["orderNbr"].as_str().unwrap()).collect();
        assert_eq!(found, numbers.into_iter().collect(), "{query}");
    }
    let path = "/v1/purchaseorder/500001";
    assert_eq!(visma.get(path).await.json()["customStr1"], json!(null));
    assert_eq!(visma.get(&format!("{path}?includeCustomFreeFields=true")).await.json()["customStr1"], "WEB-7");
    assert_eq!(visma.get(path).await.json()["currency"], "SEK");
    assert_eq!(visma.list("/v1/supplier?name=Huseier%20AS").await[0]["number"], "50002");
    assert_eq!(visma.get("/v1/supplier/50001").await.json()["currencyId"], "SEK");
}

#[tokio::test]
async fn a_days_invoices_are_drawn_from_the_seed_and_their_lists_have_no_order() {
    let visma = start_with_orders(5, json!({ "max_page_size": 20 })).await;
    let body = json!({ "count": 30, "of_shop": 3, "seed": 4 });
    let generated = visma.created("visma/supplier-invoices", body.clone()).await;
    let generated = generated.as_array().unwrap();
    let served: Vec<&Value> = generated.iter().map(|one| &one["order"]).filter(|order| !order.is_null()).collect();
    let first = visma.sandbox.shop.ledger()[0].increment_id.clone();
    assert_eq!((generated.len(), served.len(), served[0]), (30, 3, &json!(first)));
    let mut seen = BTreeSet::new();
    let mut amounts = Vec::new();
    for page in 1..=2 {
        for row in visma.list(&format!("/v1/supplierInvoice?pageNumber={page}")).await {
            amounts.push(row["amount"].to_string());
            seen.insert(row["referenceNumber"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(seen.len(), 30);
    let numbers = |rows: Vec<Value>| rows.into_iter().map(|row| row["referenceNumber"].clone()).collect::<Vec<_>>();
    let path = "/v1/supplierInvoice?pageSize=20";
    assert_ne!(numbers(visma.list(path).await), numbers(visma.list(path).await), "two requests, two orders");

    let again = start_with_orders(5, json!({})).await;
    again.created("visma/supplier-invoices", body).await;
    let mut same: Vec<String> =
        again.list("/v1/supplierInvoice").await.iter().map(|row| row["amount"].to_string()).collect();
    amounts.sort();
    same.sort();
    assert_eq!(amounts, same);
}

#[tokio::test]
async fn the_vat_of_purchases_is_not_for_sales() {
    let visma = start(json!({})).await;
    let body = crate::support::invoice(&visma.customer().await, "WEB-1");
    let body = crate::support::with_line(body, "vatCodeId", crate::support::v("1"));
    assert!(visma.post("/v2/customerinvoice", &body).await.refused().contains("TaxID '1' cannot be found"));
    assert_eq!(visma.get("/v1/vat/1").await.json()["schedules"][0]["groupType"], "Input");
}

/// The customer's zone is the domestic one; what goes abroad names another.
#[tokio::test]
async fn the_zone_of_a_document_decides_which_vat_it_may_have() {
    use crate::support::{invoice, v, with, with_line};
    let visma = start(json!({ "vat_zone_check": true })).await;
    let customer = visma.customer().await;
    let domestic = invoice(&customer, "WEB-1");
    visma.post("/v2/customerinvoice", &domestic).await.number();
    let abroad = with_line(invoice(&customer, "WEB-2"), "vatCodeId", v("SE25"));
    assert!(visma.post("/v2/customerinvoice", &abroad).await.refused().contains("TaxID 'SE25' cannot be found"));
    let zoned = with(abroad.clone(), "customerVatZoneId", v("02"));
    visma.post("/v2/customerinvoice", &zoned).await.number();
    let strange = with(abroad.clone(), "customerVatZoneId", v("99"));
    assert!(visma.post("/v2/customerinvoice", &strange).await.refused().contains("TaxZoneID '99'"));
    visma.sandbox.company.patch_config(json!({ "vat_zone_check": false })).unwrap();
    visma.post("/v2/customerinvoice", &abroad).await.number();
}
