//! Who buys: which customer of the shop, and how that customer is to look in Visma when it has to be created.
//!
//! Names and addresses are those of the order, since the order is what is invoiced. Numbers that customers are matched
//! by (organisation, VAT) are taken over only where they look like one of the billed country: a made-up number that
//! two buyers share would book one on the other.

mod registration;

use commerce::order::{Address as OrderAddress, Order};
use visma::customer::{Address, Contact, Customer};

use crate::decision::{CustomerCommand, CustomerKey, Refusal};
use crate::file::{Guests, Mapping};
use crate::refusal::{code, refuse};
use crate::rules::{Facts, Rules};

/// The customer of an order.
///
/// # Errors
/// When the order has no e-mail, or a list of rules about customers has none that holds.
pub(crate) fn command(order: &Order, mapping: &Mapping, facts: &Facts<'_>) -> Result<CustomerCommand, Refusal> {
    if let (true, Guests::Collective(number)) = (order.is_guest(), &mapping.guests) {
        return Ok(CustomerCommand { key: CustomerKey::Collective(number.clone()), customer: Customer::default() });
    }
    let email = email(order)?;
    let key = match order.customer_id.filter(|_| !order.is_guest()) {
        Some(id) => CustomerKey::Registered(id),
        None => CustomerKey::Guest(email.to_lowercase()),
    };
    let billing = order.billing_address.as_ref();
    let person = person(order);
    let company = billing.and_then(|address| filled(address.company.as_deref()));
    let registration = registration::of(order);
    let customer = Customer {
        name: company
            .map(str::to_owned)
            .unwrap_or_else(|| if person.is_empty() { email.to_owned() } else { person.clone() }),
        class: optional(&mapping.customer_classes, facts, order, code::NO_CUSTOMER_CLASS, "customer class")?,
        currency: None,
        credit_terms: optional(&mapping.terms, facts, order, code::NO_TERMS, "credit terms")?,
        vat_zone: optional(&mapping.vat_zones, facts, order, code::NO_VAT_ZONE, "VAT zone")?,
        corporate_id: registration.as_ref().map(|one| one.organisation.clone()),
        vat_registration_id: registration.map(|one| one.vat),
        contact: Contact {
            name: if person.is_empty() { company.unwrap_or(email).to_owned() } else { person },
            email: email.to_owned(),
            phone: billing.and_then(|address| filled(address.telephone.as_deref())).map(str::to_owned),
        },
        address: billing.map(address).unwrap_or_default(),
    };
    Ok(CustomerCommand { key, customer })
}

/// The value of a list that may be empty (Visma's own default then holds), but not silent.
pub(crate) fn optional(
    rules: &Rules<String>,
    facts: &Facts<'_>,
    order: &Order,
    code: &'static str,
    what: &str,
) -> Result<Option<String>, Refusal> {
    if rules.0.is_empty() {
        return Ok(None);
    }
    let found = rules.find(facts).cloned();
    found.map(Some).ok_or_else(|| {
        let sentence = format!(
            "No {what} rule of the mapping file holds for order {} ({}). Add one, or one without conditions.",
            order.increment_id,
            describe(facts)
        );
        refuse(code, sentence)
    })
}

/// What was asked, for the sentence of a refusal.
pub(crate) fn describe(facts: &Facts<'_>) -> String {
    let mut parts = vec![format!("country {}", facts.country), format!("currency {}", facts.currency)];
    parts.extend(facts.store.map(|store| format!("store {store}")));
    parts.extend(facts.customer_group.map(|group| format!("customer group {group}")));
    parts.push(format!("payment method {}", facts.payment_method));
    parts.join(", ")
}

fn email(order: &Order) -> Result<&str, Refusal> {
    let of_billing = || order.billing_address.as_ref().and_then(|address| filled(address.email.as_deref()));
    filled(order.customer_email.as_deref()).or_else(of_billing).ok_or_else(|| {
        let sentence = format!("Order {} has no e-mail, so its customer is not known.", order.increment_id);
        refuse(code::NO_EMAIL, sentence)
    })
}

/// First and last name: of the billed person, else of who ordered.
fn person(order: &Order) -> String {
    let join = |names: [Option<&str>; 3]| names.into_iter().filter_map(filled).collect::<Vec<_>>().join(" ");
    let billed = order.billing_address.as_ref().map_or_else(String::new, |address| {
        join([address.firstname.as_deref(), address.middlename.as_deref(), address.lastname.as_deref()])
    });
    if !billed.is_empty() {
        return billed;
    }
    join([
        order.customer_firstname.as_deref(),
        order.customer_middlename.as_deref(),
        order.customer_lastname.as_deref(),
    ])
}

/// Visma has three address lines; more than three are joined into the third.
fn address(billing: &OrderAddress) -> Address {
    let mut street = billing.street.iter().filter_map(|line| filled(Some(line)));
    let mut lines: Vec<String> = street.by_ref().take(3).map(str::to_owned).collect();
    for more in street {
        if let Some(last) = lines.last_mut() {
            last.push_str(", ");
            last.push_str(more);
        }
    }
    let text = |field: &Option<String>| filled(field.as_deref()).unwrap_or_default().to_owned();
    Address {
        lines,
        postal_code: text(&billing.postcode),
        city: text(&billing.city),
        country: text(&billing.country_id),
    }
}

/// A text without outer blanks, unless nothing is left.
fn filled(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}
