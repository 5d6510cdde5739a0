//! Tests of who a buyer is in Visma: which numbers are believed, whose name and address stand there, and what arrives
//! of an edit that leaves no trace on the account.

use serde_json::{Value, json};

use super::customers::{address, edit, moved, put, registered, until_put};
use super::{PATIENCE, bodies, calls, wishes};
use crate::bad_input::order::{order, spoilt};
use crate::house::House;
use crate::regressions::{entries, until_entries};

/// An order of a company with this number, billed in this country.
fn of_company(number: u32, company: &str, country: &str, vat: &str) -> Value {
    let mut order = order(number);
    let address = &mut order["billing_address"];
    (address["company"], address["vat_id"], address["country_id"]) = (json!(company), json!(vat), json!(country));
    order
}

/// The customers that were created, by their names.
async fn created(house: &House, name: &str) -> Value {
    let bodies = bodies(house, "POST", "/v1/customer").await;
    bodies.into_iter().find(|body| body["name"]["value"] == name).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_made_up_number_is_nobodys_and_a_real_one_is_read_by_its_prefix() {
    let house = House::start(wishes()).await;
    for order in [
        of_company(1, "Annes Hagesenter AS", "NO", "123456789"),
        of_company(2, "Bernts Rør AS", "NO", "NO 123 456 789 MVA"),
        of_company(3, "Lampebutikken AS", "NO", "Org.nr. 998 877 660"),
        of_company(4, "Lampebutikken Sverige", "SE", "NO 998 877 660 MVA (Foretaksregisteret)"),
        of_company(5, "Peppers", "SE", "EL123456789"),
    ] {
        house.store(&order).await;
    }
    let ledger = house.until_booked(5, PATIENCE).await;
    assert_eq!(ledger["customers"], 4, "{ledger:#}");
    let customer = |index: usize| ledger["documents"][index]["invoices"][0]["customer"].clone();
    assert_ne!(customer(0), customer(1), "two buyers who made the same number up");
    assert_eq!(customer(2), customer(3), "one company that is billed in two countries");
    for name in ["Annes Hagesenter AS", "Bernts Rør AS"] {
        let body = created(&house, name).await;
        assert!(body.get("corporateId").is_none() && body.get("vatRegistrationId").is_none(), "{body:#}");
    }
    let peppers = created(&house, "Peppers").await;
    assert_eq!(peppers["vatRegistrationId"]["value"], "EL123456789", "{peppers:#}");
    assert!(peppers.get("corporateId").is_none(), "{peppers:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// Eight digits are a company in Denmark and another one in Finland. Somebody entered the Danish one in Visma, without
/// its VAT number.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_digits_in_another_country_are_another_company() {
    let mut house = House::prepare(wishes()).await;
    let value = |text: &str| json!({ "value": text });
    let aarhus = json!({
        "name": value("Aarhus ApS"), "corporateId": value("25064801"),
        "mainAddress": { "value": { "city": value("Aarhus"), "countryId": value("DK") } },
    });
    house.installation.tell("visma/customers", &json!({ "customers": [aarhus] })).await.unwrap();
    house.installation.start_services().unwrap();
    for order in [
        of_company(1, "Tampere Oy", "FI", "2506480-1"),
        of_company(2, "Aarhus ApS", "DK", "25064801"),
        of_company(3, "Tampere Oy", "FI", "FI25064801"),
    ] {
        house.store(&order).await;
    }
    let ledger = house.until_booked(3, PATIENCE).await;
    let customer = |index: usize| ledger["documents"][index]["invoices"][0]["customer"].clone();
    assert_eq!((customer(1), customer(0)), (json!("10000"), customer(2)), "{ledger:#}");
    assert_ne!(customer(0), customer(1), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// The account gets a number that another customer in Visma has: written there too, each new buyer of that company
/// would match both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_another_customer_has_is_not_written_and_the_rest_is() {
    let house = House::start(wishes()).await;
    let id = registered(&house).await;
    house.until("Ola", PATIENCE, |ledger| ledger["customers"] == 1).await;
    house.store(&of_company(1, "Lampebutikken AS", "NO", "998877660")).await;
    house.until_booked(1, PATIENCE).await;
    let mut company = moved();
    company["addresses"][0]["vat_id"] = json!("NO998877660MVA");
    edit(&house, id, &company).await;
    let sentence = house.until_dead("CUSTOMER_NUMBER_TAKEN", PATIENCE).await;
    assert!(sentence.contains("customer 10000") && sentence.contains("customer 10001"), "{sentence}");
    let put = until_put(&house, "Havnegata 9").await.pop().unwrap();
    assert!(put.get("corporateId").is_none() && put.get("vatRegistrationId").is_none(), "{put:#}");
    super::until_kind(&house, &format!("outcome.main.visma.customer.{id}"), "applied").await;
    // The company is who it was.
    house.store(&of_company(2, "Lampebutikken AS", "NO", "998877660")).await;
    let ledger = house.until_booked(2, PATIENCE).await;
    let customer = |index: usize| ledger["documents"][index]["invoices"][0]["customer"].clone();
    assert_eq!((customer(0), &ledger["customers"]), (customer(1), &json!(2)), "{ledger:#}");
    assert_eq!(house.dead_letters().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_new_address_does_not_have_is_emptied() {
    let house = House::start(wishes()).await;
    let id = registered(&house).await;
    house.until("Ola", PATIENCE, |ledger| ledger["customers"] == 1).await;
    let abroad = json!({
        "firstname": "Ola", "lastname": "Prøve", "country_id": "AE", "city": null, "postcode": null,
        "street": ["P.O. Box 1"], "telephone": null, "default_billing": true, "default_shipping": true,
    });
    edit(&house, id, &json!({ "addresses": [abroad] })).await;
    let put = until_put(&house, "P.O. Box 1").await.pop().unwrap();
    for part in ["mainAddress", "invoiceAddress"] {
        let address = &put[part]["value"];
        assert_eq!(
            (&address["postalCode"], &address["city"]),
            (&json!({ "value": "" }), &json!({ "value": "" })),
            "{put:#}"
        );
        assert_eq!(address["countryId"]["value"], "AE", "{put:#}");
    }
    assert_eq!(put["mainContact"]["value"]["phone1"]["value"], "", "{put:#}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_renamed_is_renamed_in_visma() {
    let house = House::start(wishes()).await;
    let id = registered(&house).await;
    house.until("Ola", PATIENCE, |ledger| ledger["customers"] == 1).await;
    // The address book keeps the old name, as Magento does it.
    edit(&house, id, &json!({ "lastname": "Nygift" })).await;
    let put = until_put(&house, "Nygift").await.pop().unwrap();
    assert_eq!(put["name"]["value"], "Ola Nygift", "{put:#}");
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_an_address_book_is_found_by_the_sweep() {
    let house = House::start(wishes().set("COMMERCE__SWEEP__INTERVAL", "1s")).await;
    let id = registered(&house).await;
    house.until("Ola", PATIENCE, |ledger| ledger["customers"] == 1).await;
    let sweeps = async || house.figure("ingestor-commerce", "ml_polls_total", "poll=\"commerce.sweep\"").await;
    let (before, visma) = (sweeps().await, calls(&house, "PUT /v1/customer/{id}").await);
    let started = std::time::Instant::now();
    while sweeps().await < before + 2.0 {
        assert!(started.elapsed() < PATIENCE, "no sweep\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let changes = format!("change.main.commerce.customer.{id}");
    assert_eq!(entries(&house, "CHANGES", &changes).await.len(), 1, "an account that is as it was");
    assert_eq!(calls(&house, "PUT /v1/customer/{id}").await, visma);
    put(&house, &format!("{id}/addresses"), &json!([address("Havnegata 9", "99887766")])).await;
    until_put(&house, "Havnegata 9").await;
    until_entries(&house, "CHANGES", &changes, 2).await;
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_of_an_address_book_comes_with_the_next_order() {
    let house = House::start(wishes().set("COMMERCE__SWEEP__ENABLED", "false")).await;
    let id = registered(&house).await;
    house.until("Ola", PATIENCE, |ledger| ledger["customers"] == 1).await;
    put(&house, &format!("{id}/addresses"), &json!([address("Havnegata 9", "99887766")])).await;
    let ola = json!("ola@example.no");
    let mut order = spoilt(1, &[("/customer_email", ola)]);
    (order["customer_id"], order["customer_is_guest"]) = (json!(id), json!(0));
    house.store(&order).await;
    until_put(&house, "Havnegata 9").await;
    let ledger = house.until_booked(1, PATIENCE).await;
    assert_eq!(ledger["customers"], 1, "{ledger:#}");
    // A second order of an account that is as it was read: no change, no call to Visma but the invoice's.
    let changes = format!("change.main.commerce.customer.{id}");
    assert_eq!(entries(&house, "CHANGES", &changes).await.len(), 2);
    let puts = calls(&house, "PUT /v1/customer/{id}").await;
    (order["entity_id"], order["increment_id"]) = (json!(2), json!("000000002"));
    house.store(&order).await;
    house.until_booked(2, PATIENCE).await;
    assert_eq!(entries(&house, "CHANGES", &changes).await.len(), 2);
    assert_eq!(calls(&house, "PUT /v1/customer/{id}").await, puts);
    assert_eq!(house.dead_letters().await, []);
}
