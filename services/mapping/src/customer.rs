//! The buyer: which customer of the shop it is, and how that customer is to look in Visma.
//!
//! With an order, names and addresses are those of the order, since the order is what is invoiced; they count when the
//! customer has to be created. A change of an account brings the fields that the shop owns up to date.

mod account;
mod party;

use commerce::order::Order;
use problem::Code;
use visma::customer::Customer;

use crate::decision::{CustomerCommand, CustomerKey, Refusal};
use crate::file::{Guests, Mapping};
use crate::refusal::refuse;
use crate::rules::{Facts, Rules};
use party::{Party, filled};

pub use account::customer;

/// The customer of an order.
///
/// # Errors
/// When the order has no e-mail, or a list of rules about customers has none that holds.
pub(crate) fn of_order(order: &Order, mapping: &Mapping, facts: &Facts<'_>) -> Result<CustomerCommand, Refusal> {
    if let (true, Guests::Collective(number)) = (order.is_guest(), &mapping.customers.guests) {
        return Ok(CustomerCommand { key: CustomerKey::Collective(number.clone()), customer: Customer::default() });
    }
    let email = email(order)?;
    let key = match order.customer_id.filter(|_| !order.is_guest()) {
        Some(id) => CustomerKey::Registered(id),
        None => CustomerKey::Guest(email.to_lowercase()),
    };
    let customer = Customer {
        class: optional(&mapping.customer_classes, facts, order, Code::NoCustomerClass, "customer class")?,
        credit_terms: optional(&mapping.terms, facts, order, Code::NoTerms, "credit terms")?,
        vat_zone: optional(&mapping.vat_zones, facts, order, Code::NoVatZone, "VAT zone")?,
        ..Party::of_order(order, email).customer(&mapping.customers.name)
    };
    Ok(CustomerCommand { key, customer })
}

/// The value of a list that may be empty (Visma's own default then holds), but not silent.
pub(crate) fn optional(
    rules: &Rules<String>,
    facts: &Facts<'_>,
    order: &Order,
    code: Code,
    what: &str,
) -> Result<Option<String>, Refusal> {
    if rules.0.is_empty() {
        return Ok(None);
    }
    let found = rules.find(facts).cloned();
    found.map(Some).ok_or_else(|| {
        let sentence = format!(
            "No {what} rule of the mapping file matches order {} ({}). Add one that does, or one without conditions.",
            order.increment_id,
            describe(facts)
        );
        refuse(code, sentence)
    })
}

/// Describes the facts that were asked with, for the sentence of a refusal.
pub(crate) fn describe(facts: &Facts<'_>) -> String {
    let mut parts = vec![format!("country {}", facts.country), format!("currency {}", facts.currency)];
    parts.extend(facts.store.map(|store| format!("store {store}")));
    parts.extend(facts.customer_group.map(|group| format!("customer group {group}")));
    parts.push(format!("payment method {}", facts.payment_method));
    parts.join(", ")
}

fn email(order: &Order) -> Result<&str, Refusal> {
    let mut addresses = order.billing_address.iter().chain(order.shipping_address());
    let of_address = || addresses.find_map(|address| filled(address.email.as_deref()));
    filled(order.customer_email.as_deref()).or_else(of_address).ok_or_else(|| {
        let sentence = format!("Order {} has no e-mail, so its customer is not known.", order.increment_id);
        refuse(Code::NoEmail, sentence)
    })
}
