//! Customers that were refused once, that are created twice at once, and that nobody shall read about in a log.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, calls, quick, redelivered, until_entries};
use crate::bad_input::order::spoilt;
use crate::hold::Hold;
use crate::house::{House, Wishes};

const CREATE: &str = "POST /v1/customer";
const BUYER: &str = "kjoper@example.no";

/// An order of this buyer.
fn order_of(number: u32, email: &str) -> Value {
    spoilt(number, &[("/customer_email", json!(email))])
}

/// Deliveries to the writer that wait: handed back, kept in hand, or written down.
async fn waiting(house: &House) -> usize {
    let held = house.figure("writer-visma", "ml_held", "writer-visma").await;
    let parked = house.messages("WAITING").await;
    redelivered(house).await + held as usize + usize::try_from(parked).unwrap()
}

/// Waits until `count` deliveries to the writer wait, or `wrong` says that it went too far.
async fn until_waiting(house: &House, count: usize, wrong: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while waiting(house).await < count && !wrong().await {
        assert!(started.elapsed() < PATIENCE, "the writer waits for nothing\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The mapping file is wrong about the class of customers. When it is right, the customer is asked for anew, and until
/// Visma has answered, its earlier refusal is no reason to give up its next invoice.
#[tokio::test]
async fn a_refused_customer_is_tried_again_and_its_next_invoice_waits_for_it() {
    let wrong = format!("{}\n[[customer_class]]\nclass = \"NOBODY\"\n", mapping::DEFAULT);
    let wishes = Wishes { mapping: Some(wrong), ..quick() };
    let mut house = House::start(wishes).await;
    house.store(&order_of(1, BUYER)).await;
    house.until_dead("CUSTOMER_REFUSED", PATIENCE).await;
    let letters = house.dead_letters().await;
    assert_eq!(letters.len(), 2, "{letters:?}");

    std::fs::write(house.installation.folder().join("mapping.toml"), mapping::DEFAULT).unwrap();
    house.installation.take_service("mapper").unwrap().kill();
    house.installation.start_service("mapper").unwrap();
    house.until_ready("mapper").await;
    // Visma asks the next poll for patience, so that the customer's new command cannot begin, and its last word stays
    // the refusal while the invoice is looked at.
    let on = json!({ "system": "visma", "method": "GET", "path": "*/v1/customer" });
    let patience = json!({ "kind": "429", "retry_after": 5, "on": on });
    house.installation.tell("faults", &patience).await.unwrap();
    house
        .until("patience", PATIENCE, |l| l["calls"]["visma"]["by_kind"]["GET /v1/customer"]["statuses"]["429"] == 1)
        .await;
    tokio::time::sleep(Duration::from_millis(1_100)).await; // A process learns of another's 429 within a second.
    house.store(&order_of(2, BUYER)).await;
    until_entries(&house, "COMMANDS", "command.main.visma.invoice.2", 1).await;
    until_waiting(&house, 1, async || house.dead_letters().await.len() > 2).await;
    assert_eq!(calls(&house, CREATE).await, 1, "the customer's new command was to wait");
    let ledger = house.until("invoice 2 or its dead letter", PATIENCE, |l| l["invoices"]["count"] == 1).await;
    assert_eq!(ledger["documents"][1]["invoices"].as_array().unwrap().len(), 1, "{ledger:#}");
    assert_eq!(house.dead_letters().await, letters);
}

/// Visma's own API, as a person in its user interface would use it.
async fn make_inactive(house: &House, number: u64) {
    let config = sandbox::visma::Config::default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let visma = format!("http://{}", house.installation.visma);
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "vismanet_erp_service_api:update"),
        ("client_id", &config.client_id),
        ("client_secret", &config.client_secret),
        ("tenant_id", &config.tenant_id),
    ];
    let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let token = http.post(format!("{visma}/connect/token")).body(form);
    let token = token.header("content-type", "application/x-www-form-urlencoded").send().await.unwrap();
    let token: Value = serde_json::from_str(&token.text().await.unwrap()).unwrap();
    let change = http
        .put(format!("{visma}/v1/customer/{number}"))
        .header("authorization", format!("Bearer {}", token["access_token"].as_str().unwrap()))
        .header("ipp-company-id", &config.company_id)
        .header("content-type", "application/json")
        .body(json!({ "status": { "value": "Inactive" } }).to_string());
    let answer = change.send().await.unwrap();
    assert!(answer.status().is_success(), "{} {}", answer.status(), answer.text().await.unwrap());
}

/// Somebody does in Visma what the dead letter asks for, and nothing in the mapping file changes.
#[tokio::test]
async fn a_customer_who_was_ambiguous_is_matched_once_one_of_the_two_is_inactive() {
    let mut house = House::prepare(quick()).await;
    let seeded = house.installation.tell("visma/customers", &json!({ "emails": [BUYER, BUYER] })).await.unwrap();
    assert_eq!(seeded["numbers"], json!(["10000", "10001"]));
    house.installation.start_services().unwrap();
    house.store(&order_of(1, BUYER)).await;
    house.until_dead("CUSTOMER_REFUSED", PATIENCE).await;
    let letters = house.dead_letters().await;
    assert_eq!(letters.len(), 2, "{letters:?}");
    make_inactive(&house, 10_000).await;
    until_entries(&house, "CHANGES", "change.main.visma.customer.10000", 2).await;
    house.store(&order_of(2, BUYER)).await;
    let ledger = house.until("invoice 2", PATIENCE, |l| l["invoices"]["count"] == 1).await;
    assert_eq!(ledger["documents"][1]["invoices"][0]["customer"], "10001", "{ledger:#}");
    assert_eq!(ledger["customers"], 2, "{ledger:#}");
    assert_eq!(house.dead_letters().await, letters);
}

/// Two orders come at once and the first create stands still at Visma until the writer has had to wait with the other.
async fn one_customer_for(orders: [Value; 2], waiting: usize) {
    let mut house = House::prepare(quick()).await;
    let create = json!({ "system": "visma", "method": "POST", "path": "*/v1/customer" });
    let hold = Hold::arm(&house, &json!({ "point": "received", "on": create })).await;
    for order in &orders {
        house.store(order).await;
    }
    house.installation.start_services().unwrap();
    hold.reached().await;
    until_waiting(&house, waiting, async || calls(&house, CREATE).await > 1).await;
    hold.end("release").await;
    let ledger = house.until_booked(2, PATIENCE).await;
    assert_eq!(ledger["customers"], 1, "{ledger:#}");
    let documents = &ledger["documents"];
    assert_eq!(documents[0]["invoices"][0]["customer"], documents[1]["invoices"][0]["customer"], "{ledger:#}");
    assert_eq!(calls(&house, CREATE).await, 1);
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn two_buyers_of_one_company_become_one_customer() {
    let of_company = |number, email| {
        let mut order = order_of(number, email);
        order["billing_address"]["vat_id"] = json!("NO 998 877 660 MVA");
        order["billing_address"]["company"] = json!("Lampebutikken AS");
        order
    };
    // Both invoices and the second customer wait.
    one_customer_for([of_company(1, "innkjop@example.no"), of_company(2, "daglig.leder@example.no")], 3).await;
}

#[tokio::test]
async fn a_guest_and_a_registered_buyer_of_one_address_become_one_customer() {
    let mut registered = order_of(2, BUYER);
    registered["customer_id"] = json!(77);
    registered["customer_is_guest"] = json!(0);
    // Both invoices wait; the second customer's command has not begun, since it is in the same lane.
    one_customer_for([order_of(1, BUYER), registered], 2).await;
}

/// A customer in doubt is looked up by its e-mail address, which then stands in the URL that could not be reached.
#[tokio::test]
async fn a_failed_look_up_does_not_tell_the_log_whom_it_was_about() {
    let mut house = House::prepare(quick()).await;
    let at = |method: &str, contains: &str, count: u64| json!({ "system": "visma", "method": method, "path": "*/v1/customer", "contains": contains, "count": count });
    for fault in [
        json!({ "kind": "lost_after", "on": at("POST", BUYER, 1) }),
        json!({ "kind": "reset", "on": at("GET", "email=", 2) }),
    ] {
        house.installation.tell("faults", &fault).await.unwrap();
    }
    house.store(&order_of(1, BUYER)).await;
    house.installation.start_services().unwrap();
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["customers"], 1, "{ledger:#}");
    let log =
        |service: &str| std::fs::read_to_string(house.installation.folder().join(format!("{service}.log"))).unwrap();
    assert_eq!(log("writer-visma").matches("a look-up of documents in doubt failed").count(), 2, "{}", house.logs());
    for service in ml_connector::stand::installation::SERVICES {
        assert!(!log(service).contains("kjoper"), "{service}\n{}", log(service));
    }
}
