//! Customers that are there before the first order comes.

use serde::Deserialize;
use serde_json::{Value, json};

use super::books::Books;
use super::customer_write;
use super::dto::Schema;
use super::schemas;

/// The customers that a test asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// So many customers with made-up names and addresses.
    pub count: usize,
    /// So many more, with the first e-mail addresses of the shop's orders.
    pub of_shop: usize,
    /// And one for each of these addresses.
    pub emails: Vec<String>,
    /// And these, as bodies of `POST /v1/customer`.
    pub customers: Vec<Value>,
}

/// Writes the customers and gives their numbers, in the order of the asking.
///
/// # Errors
/// Says what is wrong with the first customer that is refused.
pub(super) fn sow(books: &mut Books, seed: Seed) -> Result<Vec<String>, String> {
    let made_up = (1..=seed.count).map(|place| body(&format!("Kunde {place}"), &format!("kunde{place}@example.com")));
    let named = seed.emails.iter().map(|email| body(email.split('@').next().unwrap_or(email), email));
    let bodies: Vec<Value> = made_up.chain(named).chain(seed.customers).collect();
    let mut numbers = Vec::with_capacity(bodies.len());
    for body in bodies {
        let bytes = serde_json::to_vec(&body).map_err(|error| error.to_string())?;
        let body = Schema::read(&schemas::CUSTOMER, &bytes)?;
        let new = customer_write::prepare_new(books, &body).map_err(|refusal| refusal.sentence())?;
        numbers.push(customer_write::create(books, new));
    }
    Ok(numbers)
}

fn body(name: &str, email: &str) -> Value {
    let value = |text: &str| json!({ "value": text });
    json!({
        "name": value(name),
        "mainAddress": { "value": {
            "addressLine1": value("Storgata 1"), "postalCode": value("0155"), "city": value("Oslo"),
            "countryId": value("NO"),
        } },
        "mainContact": { "value": { "name": value(name), "email": value(email) } },
    })
}
