//! Customers who register and who change their data, by the rules of `POST` and `PUT /V1/customers`.
//!
//! Measured on 2.4.7: without the key `addresses` all addresses stay; with it, those that are left out are deleted,
//! and leaving out a default one is refused; other attributes that are left out stay; `updated_at` moves even when
//! nothing differs; an e-mail address is unique within a website. An edit of the address book in the storefront writes
//! the addresses alone: `updated_at` stays, and no event tells of the customer.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::books::{ADDED, Books};
use super::refusal::CommerceRefusal;
use super::search::columns::Entity;
use super::shop::{Shop, now};
use super::table::Document;
use super::{text, webhook};
use crate::generate::json::array;

/// Fields that a customer can have, by the published schema.
const KNOWN: [&str; 23] = [
    "id",
    "group_id",
    "default_billing",
    "default_shipping",
    "confirmation",
    "created_at",
    "updated_at",
    "created_in",
    "dob",
    "email",
    "firstname",
    "lastname",
    "middlename",
    "prefix",
    "suffix",
    "gender",
    "store_id",
    "taxvat",
    "website_id",
    "addresses",
    "disable_auto_group_change",
    "extension_attributes",
    "custom_attributes",
];
/// The region of an address in a country without regions.
const NO_REGION: &str = "{\"region_code\":null,\"region\":null,\"region_id\":0}";
/// The two addresses that a customer can have by default.
const DEFAULTS: [&str; 2] = ["default_billing", "default_shipping"];

type Changes = Vec<(String, Option<String>)>;

impl Shop {
    /// Registers a customer, given as the `customer` of `POST /V1/customers`.
    ///
    /// # Errors
    /// A required field is missing, a field is unknown, or the e-mail address is taken.
    pub(crate) async fn register(&self, body: &str) -> Result<u64, CommerceRefusal> {
        let asked = Document::new(body);
        let missing: Vec<&str> =
            ["email", "firstname", "lastname"].into_iter().filter(|name| asked.member(name).is_none()).collect();
        if !missing.is_empty() {
            return Err(CommerceRefusal::required(&missing));
        }
        let at = Value::from(now()).to_string();
        let id = {
            let mut books = self.books();
            books.reserve(Entity::Customer, ADDED);
            let id = books.next_id(Entity::Customer);
            let start = format!(
                "{{\"id\":{id},\"group_id\":1,\"created_at\":{at},\"updated_at\":{at},\"created_in\":\"Default Store \
                 View\",\"store_id\":1,\"website_id\":1,\"addresses\":[],\"disable_auto_group_change\":0,\
                 \"extension_attributes\":{{\"is_subscribed\":false}}}}"
            );
            let customer = changed(&mut books, &Document::new(&start), &asked)?;
            books.customers.insert(id, customer);
            id
        };
        webhook::wait(webhook::announce_saved(self, Entity::Customer, id)).await;
        Ok(id)
    }

    /// Registers the next customer that the generator draws, who has not ordered yet.
    pub(crate) async fn register_drawn(&self) -> u64 {
        let at = now();
        let id = {
            let mut books = self.books();
            let last = books.customers.range(..ADDED).next_back().map(|(id, _)| *id).unwrap_or_default();
            let first = self.config().customers.max(last);
            let drawn = (first..).find_map(|number| self.generator().customer(number).document(&at));
            let Some((id, text)) = drawn else { return 0 };
            books.customers.insert(id, Document::new(&text));
            id
        };
        webhook::wait(webhook::announce_saved(self, Entity::Customer, id)).await;
        id
    }

    /// Changes a customer, given as the `customer` of `PUT /V1/customers/{id}`, and gives it back.
    ///
    /// # Errors
    /// There is no such customer, a field is unknown, a default address was left out, or the e-mail address is taken.
    pub(crate) async fn edit_customer(&self, id: u64, body: &str) -> Result<String, CommerceRefusal> {
        let asked = Document::new(body);
        let text = {
            let mut books = self.books();
            let missing = || CommerceRefusal::no_customer(i64::try_from(id).unwrap_or_default());
            let customer = books.customers.get(&id).cloned().ok_or_else(missing)?;
            if asked.number("id").is_some_and(|other| other != rust_decimal::Decimal::from(id)) {
                return Err(missing());
            }
            let customer = changed(&mut books, &customer, &asked)?.with("updated_at", &Value::from(now()).to_string());
            let text = customer.text().to_string();
            books.customers.insert(id, customer);
            text
        };
        webhook::wait(webhook::announce_saved(self, Entity::Customer, id)).await;
        Ok(text)
    }

    /// Changes the address book of a customer as its owner does in the storefront, and gives the customer back.
    ///
    /// # Errors
    /// There is no such customer, or a default address was left out.
    pub(crate) fn edit_address_book(&self, id: u64, addresses: &str) -> Result<String, CommerceRefusal> {
        let mut books = self.books();
        let missing = || CommerceRefusal::no_customer(i64::try_from(id).unwrap_or_default());
        let customer = books.customers.get(&id).cloned().ok_or_else(missing)?;
        let changes = addressed(&mut books, &customer, &id.to_string(), &text::elements(addresses))?;
        let customer = customer.edited(&changes);
        let text = customer.text().to_string();
        books.customers.insert(id, customer);
        Ok(text)
    }
}

/// The customer with what is asked.
fn changed(books: &mut Books, customer: &Document, asked: &Document) -> Result<Document, CommerceRefusal> {
    let unknown = text::members(&asked.text()).into_iter().find(|member| !KNOWN.contains(&member.name.as_str()));
    if let Some(member) = unknown {
        return Err(CommerceRefusal::not_supported(&super::search::criteria::pascal(&member.name)));
    }
    let id = customer.member("id").unwrap_or_default().to_owned();
    let kept = ["id", "created_at", "updated_at", "addresses", "default_billing", "default_shipping"];
    let mut changes: Changes = text::members(&asked.text())
        .into_iter()
        .filter(|member| !kept.contains(&member.name.as_str()))
        .filter_map(|member| Some((member.name.clone(), asked.member(&member.name)?.to_owned())))
        // Null clears nothing.
        .filter(|(_, value)| value != "null")
        .map(|(name, value)| (name, Some(value)))
        .collect();
    if let Some(addresses) = asked.member("addresses") {
        changes.extend(addressed(books, customer, &id, &text::elements(addresses))?);
    }
    let customer = customer.edited(&changes);
    let same = |other: &Document| {
        let same = |name: &str| other.string(name).map(|text| text.to_lowercase()) == lower(&customer, name);
        same("email") && other.member("website_id") == customer.member("website_id")
    };
    if books.customers.iter().any(|(other, known)| other.to_string() != id && same(known)) {
        let message = "A customer with the same email address already exists in an associated website.";
        return Err(CommerceRefusal::plain(StatusCode::BAD_REQUEST, message));
    }
    Ok(customer)
}

fn lower(document: &Document, name: &str) -> Option<String> {
    document.string(name).map(|text| text.to_lowercase())
}

/// The new set of addresses, and which of them are the default ones.
fn addressed(books: &mut Books, customer: &Document, id: &str, asked: &[&str]) -> Result<Changes, CommerceRefusal> {
    let old = text::elements(customer.member("addresses").unwrap_or("[]"));
    let mut addresses = Vec::new();
    for one in asked {
        let known = text::whole_number(one, "id");
        let before = old.iter().find(|old| known.is_some() && text::whole_number(old, "id") == known);
        let (address_id, before) = match before {
            Some(before) => (known.unwrap_or_default(), (*before).to_owned()),
            None => {
                let address_id = books.next_address();
                (address_id, format!("{{\"id\":{address_id},\"customer_id\":{id},\"region\":{NO_REGION}}}"))
            }
        };
        let new = text::members(one).into_iter().filter_map(|member| Some((member.name, one.get(member.value)?)));
        let changes: Changes =
            new.filter(|(name, _)| name != "id").map(|(name, value)| (name, Some(value.to_owned()))).collect();
        addresses.push((address_id, text::edited(&before, &changes)));
    }
    let mut changes: Changes = Vec::new();
    for name in DEFAULTS {
        let is_default = |(_, address): &&(u64, String)| Document::new(address).member(name) == Some("true");
        let now_default = addresses.iter().find(is_default).map(|(id, _)| *id);
        let was_default = customer.string(name).and_then(|id| id.parse::<u64>().ok());
        if !addresses.is_empty() && now_default.is_none() && was_default.is_some() {
            let message = "The %fieldName value is invalid. Set the correct value and try again.";
            return Err(CommerceRefusal::named(StatusCode::BAD_REQUEST, message, "fieldName", &json!(name)));
        }
        changes.push((name.to_owned(), now_default.map(|id| Value::from(id.to_string()).to_string())));
    }
    changes.push(("addresses".to_owned(), Some(array(addresses.iter().map(|(_, address)| address)))));
    Ok(changes)
}
