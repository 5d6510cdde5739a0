//! Customers who change in the shop, while an accountant works on them in Visma.

use futures::StreamExt as _;
use proto::Message as _;
use serde_json::{Value, json};

use super::{PATIENCE, accountant, bodies, calls, wishes};
use crate::house::House;
use crate::regressions::{entries, until_entries};

/// A registered customer of the shop, who stands in Visma; the id in the shop.
async fn customer(house: &House) -> u64 {
    let id = registered(house).await;
    house.until("a customer", PATIENCE, |ledger| ledger["customers"] == 1).await;
    id
}

/// Ola has an account in the shop; its id.
pub(super) async fn registered(house: &House) -> u64 {
    let ola = json!({
        "email": "ola@example.no", "firstname": "Ola", "lastname": "Prøve",
        "addresses": [address("Storgata 1", "22334455")],
    });
    let registered = house.installation.tell_shop("commerce/customers", &ola).await.unwrap();
    registered["id"].as_u64().unwrap()
}

/// Ola stands in Visma, just as the shop has him; his number there.
async fn known(house: &House) -> String {
    let value = |value: Value| json!({ "value": value });
    let ola = json!({
        "name": value("Ola Prøve".into()),
        "mainAddress": value(json!({
            "addressLine1": value("Storgata 1".into()), "postalCode": value("0155".into()),
            "city": value("Oslo".into()), "countryId": value("NO".into()),
        })),
        "mainContact": value(json!({
            "name": value("Ola Prøve".into()), "email": value("ola@example.no".into()),
            "phone1": value("22334455".into()),
        })),
    });
    let seeded = house.installation.tell("visma/customers", &json!({ "customers": [ola] })).await.unwrap();
    seeded["numbers"][0].as_str().unwrap().to_owned()
}

pub(crate) fn address(street: &str, phone: &str) -> Value {
    json!({
        "firstname": "Ola", "lastname": "Prøve", "country_id": "NO", "city": "Oslo", "street": [street],
        "postcode": "0155", "telephone": phone, "default_billing": true, "default_shipping": true,
    })
}

/// The customer moves, and has another phone number.
pub(super) fn moved() -> Value {
    json!({ "addresses": [address("Havnegata 9", "99887766")] })
}

pub(super) async fn edit(house: &House, id: u64, body: &Value) {
    put(house, &id.to_string(), body).await;
}

/// Puts something of a customer into the shop: of the customer itself, or what stands behind a slash of it.
pub(crate) async fn put(house: &House, what: &str, body: &Value) {
    let url = format!("http://{}/_sandbox/commerce/customers/{what}", house.installation.commerce);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer =
        client.put(url).header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

/// Waits until the poll of Visma has seen the customer.
async fn until_polled(house: &House) {
    let started = std::time::Instant::now();
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    while stream.info_with_subjects("change.main.visma.customer.>").await.unwrap().count().await == 0 {
        assert!(started.elapsed() < PATIENCE, "no poll has seen the customer\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// Waits until Visma got a `PUT` whose body says this.
pub(super) async fn until_put(house: &House, says: &str) -> Vec<Value> {
    let started = std::time::Instant::now();
    loop {
        let puts = bodies(house, "PUT", "/v1/customer/").await;
        if puts.iter().any(|put| put.to_string().contains(says)) {
            return puts;
        }
        assert!(started.elapsed() < PATIENCE, "no PUT with {says}: {puts:?}\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_costs_one_call_and_writes_what_differs_alone() {
    let house = House::start(wishes()).await;
    let id = customer(&house).await;
    until_polled(&house).await;
    let reads = calls(&house, "GET /v1/customer/{id}").await;
    edit(&house, id, &moved()).await;
    let puts = until_put(&house, "Havnegata 9").await;
    assert_eq!(puts.len(), 1, "{puts:#?}");
    assert_eq!(calls(&house, "GET /v1/customer/{id}").await, reads);
    let mut fields: Vec<_> = puts[0].as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["invoiceAddress", "invoiceContact", "mainAddress", "mainContact"], "{:#}", puts[0]);
    assert_eq!(puts[0]["mainContact"], json!({ "value": { "phone1": { "value": "99887766" } } }));
    let ledger = house.ledger().await;
    assert_eq!(ledger["audit"]["blind_overwrites"], json!([]));
    assert_eq!(ledger["audit"]["stale_puts"], 0);
    assert_eq!(house.dead_letters().await, []);
}

/// An accountant's edit shows in no field that is read: only the version has moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_after_an_accountants_costs_one_call() {
    let mut house = House::prepare(wishes()).await;
    let number = known(&house).await;
    let id = registered(&house).await;
    house.installation.start_services().unwrap();
    super::until_kind(&house, &format!("outcome.main.visma.customer.{id}"), "unchanged").await;
    let changes = format!("change.main.visma.customer.{number}");
    until_entries(&house, "CHANGES", &changes, 1).await;
    accountant(&house, &json!({ "entity": "customer", "number": number })).await;
    until_entries(&house, "CHANGES", &changes, 2).await;
    edit(&house, id, &moved()).await;
    let puts = until_put(&house, "Havnegata 9").await;
    super::until_kind(&house, &format!("outcome.main.visma.customer.{id}"), "applied").await;
    assert_eq!(puts.len(), 1, "{puts:#?}");
    assert_eq!(calls(&house, "GET /v1/customer/{id}").await, 0);
    let audit = house.ledger().await["audit"].clone();
    assert_eq!((&audit["stale_puts"], &audit["lost_edits"]), (&json!(0), &json!([])), "{audit:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// The customer has another number in Visma: who it is, is known by what Visma never changes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_who_was_given_another_number_is_followed() {
    let mut house = House::prepare(wishes()).await;
    let number = known(&house).await;
    let id = registered(&house).await;
    house.installation.start_services().unwrap();
    let record = format!("outcome.main.visma.customer.{id}");
    super::until_kind(&house, &record, "unchanged").await;
    let errand = json!({
        "entity": "customer", "number": number, "do": "renumber", "body": { "number": { "value": "55555" } },
    });
    accountant(&house, &errand).await;
    until_entries(&house, "CHANGES", "change.main.visma.customer.55555", 1).await;
    edit(&house, id, &moved()).await;
    until_put(&house, "Havnegata 9").await;
    super::until_kind(&house, &record, "applied").await;
    let last = entries(&house, "OUTCOMES", &record).await.pop().unwrap();
    assert_eq!(proto::Outcome::decode(last.payload).unwrap().number, "55555");
    let ledger = house.ledger().await;
    assert_eq!((&ledger["customers"], &ledger["duplicate_customers"]), (&json!(1), &json!({})), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accountants_edits_survive_a_storm() {
    let house = House::start(wishes().set("VISMA__CREATE__ATTEMPTS", "5")).await;
    let id = customer(&house).await;
    let errand = json!({
        "entity": "customer", "before_put": { "first": 2 },
        "body": { "mainContact": { "value": { "attention": { "value": "Regnskap {n}" } } } },
    });
    accountant(&house, &errand).await;
    arm_lost(&house).await;
    edit(&house, id, &moved()).await;
    let ledger = house.until("the storm", PATIENCE, |ledger| ledger["audit"]["stale_puts"].as_u64() >= Some(2)).await;
    assert_eq!(ledger["audit"]["lost_edits"], json!([]), "{ledger:#}");
    super::until_kind(&house, &format!("outcome.main.visma.customer.{id}"), "applied").await;
    let audit = house.ledger().await["audit"].clone();
    assert_eq!((&audit["lost_edits"], &audit["blind_overwrites"]), (&json!([]), &json!([])), "{audit:#}");
    assert!(audit["kept_edits"].as_u64() >= Some(1), "{audit:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// The answer to the third `PUT`, the one that is done, is lost.
async fn arm_lost(house: &House) {
    let on = json!({ "system": "visma", "method": "PUT", "path": "*/v1/customer/*", "nth": 3, "count": 1 });
    house.installation.tell("faults", &json!({ "kind": "lost_after", "on": on })).await.unwrap();
}

/// A company that buys in several shops has an account in each, and is one customer in Visma. Its accounts change at
/// once, and Visma takes its time: no account is given up on because of the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_accounts_of_one_company_do_not_stand_in_each_others_way() {
    let mut house = House::prepare(wishes()).await;
    let on = json!({ "system": "visma", "method": "PUT", "path": "*/v1/customer/*" });
    house.installation.tell("faults", &json!({ "kind": "slow", "delay_ms": 200, "on": on })).await.unwrap();
    let mut last = 0;
    for account in 1..=6 {
        let mut of_company = address("Storgata 1", "22334455");
        of_company["company"] = json!("Lampebutikken AS");
        of_company["vat_id"] = json!("NO 998 877 660 MVA");
        let body = json!({
            "email": format!("innkjop.{account}@example.no"), "firstname": "Ola", "lastname": "Prøve",
            "taxvat": "NO 998 877 660 MVA", "addresses": [of_company],
        });
        let registered = house.installation.tell_shop("commerce/customers", &body).await.unwrap();
        last = registered["id"].as_u64().unwrap();
    }
    house.installation.start_services().unwrap();
    let settled = async || {
        let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
        let subjects = stream.info_with_subjects("outcome.main.visma.customer.>").await.unwrap();
        // Each has an entry that links it and one that brings the customer up to date; the first was created.
        subjects.map(|subject| subject.unwrap().1).filter(|entries| std::future::ready(*entries >= 2)).count().await
    };
    let started = std::time::Instant::now();
    while settled().await < 6 {
        assert_eq!(house.dead_letters().await, []);
        assert!(started.elapsed() < PATIENCE, "the accounts do not settle\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(house.dead_letters().await, []);
    let ledger = house.ledger().await;
    assert_eq!(ledger["customers"], 1, "{ledger:#}");
    // Whoever came last, the contact is the account's that was opened first.
    let written = [bodies(&house, "POST", "/v1/customer").await, bodies(&house, "PUT", "/v1/customer/").await].concat();
    let contacts: Vec<String> = written.iter().map(Value::to_string).filter(|body| body.contains("innkjop.")).collect();
    assert!(contacts.last().unwrap().contains("innkjop.1@"), "{contacts:#?}");
    // What a company has, each of its accounts may change.
    edit(&house, last, &moved()).await;
    let put = until_put(&house, "Havnegata 9").await.pop().unwrap();
    assert!(put.get("mainContact").is_none(), "{put:#}");
}
