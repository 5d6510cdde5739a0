//! Facts that the rules are asked with: those of an order, and those of each of its lines.

use commerce::order::{Address, Order};
use problem::Code;

use crate::decision::Refusal;
use crate::file::{Currency, Mapping};
use crate::money::{MoneyLine, rate};
use crate::refusal::refuse;
use crate::rules::Facts;

/// The facts of an order, with the currency that the mapping file has for it.
///
/// # Errors
/// When the mapping file does not know the order's store, currency or payment method, or no address names a country.
pub(crate) fn of_order<'a>(order: &'a Order, mapping: &'a Mapping) -> Result<(Facts<'a>, Currency), Refusal> {
    let number = &order.increment_id;
    let code = order.order_currency_code.as_str();
    let currency = mapping.currencies.get(code).ok_or_else(|| {
        let sentence = format!("Order {number} is in {code}, which is not among the currencies of the mapping file.");
        refuse(Code::UnknownCurrency, sentence)
    })?;
    let store = order.store_id.and_then(|id| mapping.store(id));
    if store.is_none() && !mapping.stores.is_empty() {
        let id = order.store_id.map_or("(none)".to_owned(), |id| id.to_string());
        let sentence = format!("Order {number} is of store {id}, which is not among the stores of the mapping file.");
        return Err(refuse(Code::UnknownStore, sentence));
    }
    let facts = Facts {
        store: store.map(|store| store.code.as_str()),
        website: store.and_then(|store| store.website),
        customer_group: order.customer_group_id,
        country: country(order)?,
        currency: code,
        payment_method: payment_method(order, mapping)?,
        ..Facts::default()
    };
    Ok((facts, *currency))
}

/// The facts of one line, on top of its order's.
pub(crate) fn of_line<'a>(
    order: &'a Order,
    mapping: &'a Mapping,
    facts: &Facts<'a>,
    line: &MoneyLine<'a>,
) -> Facts<'a> {
    let item = line.item;
    let in_class = |class: &&'a crate::file::TaxClass| {
        item.is_some_and(|item| {
            class.skus.is_match(&item.sku) || rate::codes(order, item).any(|code| class.tax_codes.is_match(code))
        })
    };
    Facts {
        line: Some(line.kind),
        sku: item.map(|item| item.sku.as_str()),
        product_type: item.map(|item| item.product_type.as_str()),
        tax_rate: Some(line.rate),
        country: line.country.unwrap_or(facts.country),
        tax_classes: mapping.tax_classes.iter().filter(in_class).map(|class| class.name.as_str()).collect(),
        ..facts.clone()
    }
}

/// The countries that the shop's tax codes name, by the mapping file; each once.
pub(crate) fn tax_countries<'a, 'c>(mapping: &'a Mapping, codes: impl Iterator<Item = &'c str>) -> Vec<&'a str> {
    let named = |code: &str| mapping.tax_codes.iter().find(|one| one.codes.is_match(code.trim()));
    let mut countries: Vec<&str> = codes.filter_map(named).map(|one| one.country.as_str()).collect();
    countries.sort_unstable();
    countries.dedup();
    countries
}

/// The country whose VAT the shop charged, where all tax codes of the order name the same one.
pub(crate) fn tax_country<'a>(order: &Order, mapping: &'a Mapping) -> Option<&'a str> {
    let extension = &order.extension_attributes;
    let applied = extension.item_applied_taxes.iter().flat_map(|one| &one.applied_taxes);
    let codes = applied.chain(&extension.applied_taxes).map(|tax| tax.code.as_str());
    match tax_countries(mapping, codes).as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// The country that decides about VAT where no tax code does: where the goods go, else (for what is not shipped) where
/// the buyer is billed. An address whose country is blank names none.
fn country(order: &Order) -> Result<&str, Refusal> {
    let named = |address: &'_ &Address| !country_of(address).is_empty();
    let shipping = order.shipping_address().filter(named);
    let address = shipping.or(order.billing_address.as_ref()).filter(named);
    address.map(country_of).ok_or_else(|| {
        let sentence = format!("Order {} has no address with a country, so VAT is not known.", order.increment_id);
        refuse(Code::NoCountry, sentence)
    })
}

fn country_of(address: &Address) -> &str {
    address.country_id.as_deref().unwrap_or_default().trim()
}

fn payment_method<'a>(order: &'a Order, mapping: &Mapping) -> Result<&'a str, Refusal> {
    let method = order.payment.as_ref().map_or("", |payment| payment.method.as_str());
    if mapping.payment.accept_others || mapping.payment.methods.is_match(method) {
        return Ok(method);
    }
    let sentence = format!(
        "Order {} is paid by `{method}`, which is not among the payment methods of the mapping file.",
        order.increment_id
    );
    Err(refuse(Code::UnknownPaymentMethod, sentence))
}
