//! Registered customers, and what of them the shop owns.

use commerce::customer::Customer;
use mapping::{CustomerKey, CustomerUpdate, Decision, Field, Mapping, Scope};
use problem::Code;
use serde_json::{Value, json};

use crate::support::{book, changed, changed_text, default_mapping, small_order};

fn account() -> Value {
    json!({
        "id": 77, "group_id": 2, "email": " Kari@Example.no ", "firstname": "Kari", "lastname": "Nordmann",
        "store_id": 1, "website_id": 3, "taxvat": "NO 974 760 673 MVA", "default_billing": "12",
        "created_at": "2026-01-10 10:00:00", "updated_at": "2026-02-10 10:00:00",
        "addresses": [
            { "id": 11, "country_id": "SE", "city": "Malmö", "street": ["Gatan 1"] },
            { "id": 12, "company": "Nordmann AS", "firstname": "Ola", "lastname": "Nordmann", "country_id": "NO",
                "street": ["Storgata 1", " ", "c/o Ola"], "postcode": "0155", "city": "Oslo", "telephone": "22334455" },
        ],
    })
}

fn decide(mapping: &Mapping, scope: &Scope, change: impl Fn(&mut Value)) -> Decision<CustomerUpdate> {
    let mut account = account();
    change(&mut account);
    let account = Customer::from_value(&account).unwrap();
    mapping::customer(&account, None, mapping, scope).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn update(mapping: &Mapping, change: impl Fn(&mut Value)) -> CustomerUpdate {
    match decide(mapping, &Scope::default(), change) {
        Decision::Book(update) => *update,
        other => panic!("{other:?}"),
    }
}

fn code(decision: Decision<CustomerUpdate>) -> Option<Code> {
    match decision {
        Decision::Wait { reason } | Decision::Skip { reason } => Some(reason.code),
        Decision::Book(_) => None,
    }
}

#[test]
fn a_customer_is_who_the_bills_go_to() {
    let update = update(&default_mapping(), |_| ());
    assert_eq!(update.command.key, CustomerKey::Registered(77));
    let customer = update.command.customer;
    assert_eq!((customer.name.as_str(), customer.contact.name.as_str()), ("Nordmann AS", "Kari Nordmann"));
    assert_eq!(customer.contact.email, "Kari@Example.no");
    assert_eq!(customer.contact.phone.as_deref(), Some("22334455"));
    assert_eq!(customer.address.lines, ["Storgata 1", "c/o Ola"]);
    assert_eq!((customer.address.country.as_str(), customer.address.postal_code.as_str()), ("NO", "0155"));
    assert_eq!(customer.corporate_id.as_deref(), Some("974760673"));
    assert_eq!(customer.vat_registration_id.as_deref(), Some("NO974760673MVA"));
    assert!(!update.existing_only);
}

#[test]
fn the_first_name_of_the_list_that_there_is_is_the_customers() {
    let list = "name = [\"company\", \"account\", \"billing\"]";
    let names = |order: &str, change: fn(&mut Value)| {
        let customer = update(&changed(&[(list, order)]), change).command.customer;
        (customer.name, customer.contact.name)
    };
    let both = |name: &str, contact: &str| (name.to_owned(), contact.to_owned());
    let person = |account: &mut Value| account["addresses"][1]["company"] = json!(" ");
    assert_eq!(names(list, person), both("Kari Nordmann", "Kari Nordmann"));
    assert_eq!(names("name = [\"billing\", \"company\"]", |_| ()), both("Ola Nordmann", "Ola Nordmann"));
    assert_eq!(names("name = \"company\"", |_| ()), both("Nordmann AS", "Kari Nordmann"));
    assert_eq!(names("name = \"company\"", person), both("Kari@Example.no", "Kari Nordmann"));
    let problems = Mapping::parse(&changed_text(&[(list, "name = []")])).unwrap_err();
    assert!(problems.to_string().contains("customer.name"), "{problems}");
}

#[test]
fn an_account_without_billing_address_has_the_shipping_address() {
    let customer = update(&default_mapping(), |account| {
        account["default_billing"] = Value::Null;
        account["default_shipping"] = json!("11");
    })
    .command
    .customer;
    assert_eq!((customer.name.as_str(), customer.address.city.as_str()), ("Kari Nordmann", "Malmö"));
    // The number says itself that it is Norwegian.
    assert_eq!(customer.vat_registration_id.as_deref(), Some("NO974760673MVA"));
}

/// The order to the account as it is in `account`, with the account as it was before.
fn after(before: impl Fn(&mut Value), now: impl Fn(&mut Value)) -> CustomerUpdate {
    let version = |change: &dyn Fn(&mut Value)| {
        let mut account = account();
        change(&mut account);
        Customer::from_value(&account).unwrap()
    };
    let (before, now) = (version(&before), version(&now));
    match mapping::customer(&now, Some(&before), &default_mapping(), &Scope::default()) {
        Ok(Decision::Book(update)) => *update,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_the_account_has_no_longer_is_emptied_and_what_it_never_had_is_not() {
    let bare = |account: &mut Value| {
        account["addresses"][1]["telephone"] = Value::Null;
        account["taxvat"] = json!("");
    };
    let emptied = after(|_| (), bare);
    assert!([Field::Phone, Field::CorporateId, Field::VatNumber].iter().all(|field| emptied.owned.contains(field)));
    let customer = emptied.command.customer;
    assert_eq!(customer.contact.phone.as_deref(), Some(""));
    assert_eq!((customer.corporate_id.as_deref(), customer.vat_registration_id.as_deref()), (Some(""), Some("")));

    let never = after(bare, bare);
    assert_eq!(never.command.customer.contact.phone, None);
    assert_eq!(never.owned, [Field::Name, Field::Address, Field::ContactName, Field::Email]);
    // A slip of the pen takes no number away.
    let slip = after(|_| (), |account| account["taxvat"] = json!("NO 974 760 637 MVA"));
    assert!(!slip.owned.contains(&Field::CorporateId) && !slip.owned.contains(&Field::VatNumber), "{:?}", slip.owned);
}

#[test]
fn what_the_buyer_typed_is_the_shops_and_the_rest_the_companys() {
    use Field::{Address, ContactName, CorporateId, Email, Name, Phone, VatNumber};
    let lists = "[[customer_class]]\nclass = \"WEB\"\n[[terms]]\nterms = \"14\"\n#";
    let mapping = changed(&[("# [[branch]]", lists)]);
    let own = update(&mapping, |_| ());
    assert_eq!(own.owned, [Name, Address, ContactName, Email, Phone, CorporateId, VatNumber]);
    // It counts when the customer is created.
    assert_eq!(own.command.customer.credit_terms.as_deref(), Some("14"));

    let owned =
        "owned = [\"name\", \"address\", \"contact_name\", \"email\", \"phone\", \"corporate_id\", \"vat_number\"]";
    let more = changed(&[("# [[branch]]", lists), (owned, "owned = [\"email\", \"terms\", \"class\", \"vat_zone\"]")]);
    // There is no rule about VAT zones, so nothing is said about one.
    assert_eq!(update(&more, |_| ()).owned, [Email, Field::Terms, Field::Class]);
}

#[test]
fn an_empty_field_takes_nothing_away() {
    let owned = update(&default_mapping(), |account| {
        account["addresses"][1]["telephone"] = json!(" ");
        account["taxvat"] = json!("-");
    })
    .owned;
    for field in [Field::Phone, Field::CorporateId, Field::VatNumber] {
        assert!(!owned.contains(&field), "{field:?}");
    }
}

#[test]
fn persons_of_one_company_do_not_write_over_each_other() {
    let member = |account: &mut Value| {
        account["extension_attributes"] = json!({ "company_attributes": { "company_id": 4, "status": 1 } });
    };
    let owned = update(&default_mapping(), member).owned;
    assert_eq!(owned, [Field::Name, Field::Address, Field::CorporateId, Field::VatNumber]);
    // One whose address does not name the company would give it the member's own name.
    let nameless = update(&default_mapping(), |account| {
        member(account);
        account["addresses"][1]["company"] = Value::Null;
    });
    assert!(!nameless.owned.contains(&Field::Name), "{:?}", nameless.owned);
}

#[test]
fn rules_about_customers_are_asked_what_an_account_can_answer() {
    let lists = "[[terms]]\nwhen = { payment_method = \"purchaseorder\" }\nterms = \"30\"\n\
        [[terms]]\nwhen = { customer_group = 2, country = \"NO\", store = \"no\" }\nterms = \"14\"\n#";
    let mapping = changed(&[("# [[branch]]", lists), ("# [[store]]", "[[store]]\nid = 1\ncode = \"no\"\n#")]);
    assert_eq!(update(&mapping, |_| ()).command.customer.credit_terms.as_deref(), Some("14"));
    let other = update(&mapping, |account| account["group_id"] = json!(1));
    assert_eq!(other.command.customer.credit_terms, None, "no rule holds, and that is no refusal");
}

#[test]
fn history_is_not_created_only_kept_up_to_date() {
    let go_live = |date: &str| Scope { go_live: Some(date.parse().unwrap()), ..Scope::default() };
    let existing_only = |scope: &Scope| match decide(&default_mapping(), scope, |_| ()) {
        Decision::Book(update) => Ok(update.existing_only),
        other => Err(code(other)),
    };
    assert_eq!(existing_only(&go_live("2026-01-01T00:00:00")), Ok(false));
    assert_eq!(existing_only(&go_live("2026-02-01T00:00:00")), Ok(true));
    assert_eq!(existing_only(&go_live("2026-03-01T00:00:00")), Err(Some(Code::BeforeGoLive)));
    // An edit of the address book does not move `updated_at`; that there was another version shows it.
    let (before, now) = (Customer::from_value(&account()).unwrap(), Customer::from_value(&account()).unwrap());
    let edited = mapping::customer(&now, Some(&before), &default_mapping(), &go_live("2026-03-01T00:00:00"));
    assert!(matches!(edited, Ok(Decision::Book(update)) if update.existing_only));
    let with_order = changed(&[("create = \"registered\" ", "create = \"with_order\" ")]);
    assert!(update(&with_order, |_| ()).existing_only);
}

#[test]
fn an_account_without_an_address_waits() {
    let homeless = |account: &mut Value| account["addresses"] = json!([]);
    assert_eq!(code(decide(&default_mapping(), &Scope::default(), homeless)), Some(Code::CustomerWaits));
    // One that exists may have a new e-mail address; it keeps its address.
    let with_order = changed(&[("create = \"registered\" ", "create = \"with_order\" ")]);
    let owned = update(&with_order, homeless).owned;
    assert!(owned.contains(&Field::Email) && !owned.contains(&Field::Address), "{owned:?}");
}

#[test]
fn accounts_of_other_websites_are_not_ours() {
    let websites = |websites: Vec<u64>| Scope { websites, ..Scope::default() };
    assert_eq!(code(decide(&default_mapping(), &websites(vec![3]), |_| ())), None);
    assert_eq!(code(decide(&default_mapping(), &websites(vec![4]), |_| ())), Some(Code::OutOfScope));
    let stores = Scope { stores: vec![2], ..Scope::default() };
    assert_eq!(code(decide(&default_mapping(), &stores, |_| ())), Some(Code::OutOfScope));
}

#[test]
fn an_order_without_billing_address_is_billed_where_it_is_sent() {
    let mut order = small_order();
    let mut address = order["billing_address"].take();
    address["firstname"] = json!("Mona");
    order["extension_attributes"]["shipping_assignments"] = json!([{ "shipping": { "address": address } }]);
    for blank in [Value::Null, json!({ "address_type": "billing", "street": [""] })] {
        order["billing_address"] = blank;
        let customer = book(&order, &default_mapping()).unwrap().customer.customer;
        assert_eq!((customer.name.as_str(), customer.address.city.as_str()), ("Mona Nordmann", "Oslo"));
        assert_eq!(
            (customer.address.lines.as_slice(), customer.address.country.as_str()),
            (&["Storgata 1".to_owned()][..], "NO")
        );
    }
}
