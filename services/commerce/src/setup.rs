//! Settings of a shop: currencies and time zones of its stores, tax rates and the rules that use them, customer groups,
//! modules, and the latest orders.
//!
//! Only who sets the connector up asks for these. There is no list of payment methods for an integration (they belong
//! to a cart), nor of what modules add: both are read off the latest orders.

use bytes::Bytes;
use http::{Request, Uri};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Number;

use crate::decimal;
use crate::decode::from_text;
use crate::entity::Entity;
use crate::order::DecodeError;
use crate::requests::{Base, RequestError, records};
use crate::search::{Direction, Filter, PageSize, Search};

/// `GET /V1/store/storeConfigs`: currencies and time zones. Answered with [`StoreConfig`]s.
///
/// # Errors
/// None in practice.
pub fn store_configs(base: &Base) -> Result<Request<Bytes>, RequestError> {
    base.get("/V1/store/storeConfigs")
}

/// `GET /V1/taxRates/search`, one page; pages count from 1. Answered with a [`Listed`] of [`TaxRate`]s.
///
/// # Errors
/// None in practice.
pub fn tax_rates(base: &Base, page: std::num::NonZeroU32) -> Result<Request<Bytes>, RequestError> {
    // Neither list takes a sort by its id everywhere; they hardly ever fill a page.
    let search = Search::new(PageSize::MAX).page(page);
    base.get(&format!("/V1/taxRates/search?{}", search.query()?))
}

/// `GET /V1/taxRules/search`, one page; pages count from 1. Answered with a [`Listed`] of [`TaxRule`]s.
///
/// # Errors
/// None in practice.
pub fn tax_rules(base: &Base, page: std::num::NonZeroU32) -> Result<Request<Bytes>, RequestError> {
    let search = Search::new(PageSize::MAX).page(page);
    base.get(&format!("/V1/taxRules/search?{}", search.query()?))
}

/// `GET /V1/customerGroups/search`, one page; pages count from 1. Answered with a [`Listed`] of [`CustomerGroup`]s.
///
/// # Errors
/// None in practice.
pub fn customer_groups(base: &Base, page: std::num::NonZeroU32) -> Result<Request<Bytes>, RequestError> {
    let search = Search::new(PageSize::MAX).page(page);
    base.get(&format!("/V1/customerGroups/search?{}", search.query()?))
}

/// `GET /V1/orders` and the like, the latest first, a page of 100; pages count from 1. Answered with a [`Listed`] of
/// records. They come whole: modules put amounts under names of their own, which no list of fields would ask for.
///
/// # Errors
/// None in practice.
pub fn latest(base: &Base, entity: Entity, page: std::num::NonZeroU32) -> Result<Request<Bytes>, RequestError> {
    let search = Search::new(PageSize::default()).sort("entity_id", Direction::Descending);
    records(base, entity, &search.page(page))
}

/// `GET /V1/orders` of these orders, a hundred at most. Answered with a [`Listed`] of orders.
///
/// # Errors
/// When none is asked for, or more than one page holds.
pub fn orders_of(base: &Base, ids: &[u64]) -> Result<Request<Bytes>, RequestError> {
    let rows = u32::try_from(ids.len()).unwrap_or(u32::MAX);
    let search = Search::new(PageSize::new(rows)?).and(Filter::one_of("entity_id", ids)?);
    records(base, Entity::Order, &search.sort("entity_id", Direction::Ascending))
}

/// `GET /V1/modules`: the names of what is installed. Answered with a list of texts.
///
/// # Errors
/// None in practice.
pub fn modules(base: &Base) -> Result<Request<Bytes>, RequestError> {
    base.get("/V1/modules")
}

/// `POST /V1/orders/0/comments` with nothing in it. There is no order 0 and no comment, so nothing can come of it; but
/// the right to comment is looked at first, and a refusal of it is told apart.
///
/// # Errors
/// None in practice.
pub fn comment_that_cannot_be(base: &Base) -> Result<Request<Bytes>, RequestError> {
    base.post("/V1/orders/0/comments", Bytes::from_static(b"{}"))
}

/// Where a shop shows its release to everybody: `/magento_version` beside `/rest`. `None` where the address has no
/// `/rest`, as on SaaS.
#[must_use]
pub fn version_address(base_url: &str) -> Option<Uri> {
    let (front, _) = base_url.split_once("/rest")?;
    format!("{front}/magento_version").parse().ok()
}

/// One page of a list that is searched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The rows. Commerce sends `null` for none where `fields` are asked for.
    pub items: Vec<T>,
    /// Rows on all pages.
    pub total_count: u64,
}

impl<T: for<'de> Deserialize<'de>> Listed<T> {
    /// Decodes the body of an answer.
    ///
    /// # Errors
    /// When it is no such list, or when rows are announced and none are there.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        let Wire { items, total_count } = from_text(body)?;
        match (items, total_count) {
            (Some(items), _) => Ok(Self { items, total_count }),
            (None, 0) => Ok(Self { items: Vec::new(), total_count }),
            (None, count) => {
                Err(DecodeError { path: "items".into(), reason: format!("missing, of {count} rows in all") })
            }
        }
    }
}

#[derive(Deserialize)]
struct Wire<T> {
    items: Option<Vec<T>>,
    total_count: u64,
}

/// A list that comes whole.
///
/// # Errors
/// When it is no such list.
pub fn decode_list<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<Vec<T>, DecodeError> {
    from_text(body)
}

/// Settings of a store view.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StoreConfig {
    /// The store view.
    pub id: u64,
    /// Its code.
    pub code: String,
    /// The website that it belongs to.
    pub website_id: u64,
    /// Currency of the website's books.
    pub base_currency_code: String,
    /// Currency that orders have unless the buyer chooses another.
    pub default_display_currency_code: String,
    /// IANA name.
    pub timezone: String,
}

/// A tax rate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaxRate {
    /// Id by which tax rules name it.
    pub id: u64,
    /// Code by which an order's applied taxes name it.
    pub code: String,
    /// Country, two letters.
    pub tax_country_id: String,
    /// Per cent.
    #[serde(deserialize_with = "percent")]
    pub rate: Decimal,
}

/// A tax rule: which rates are charged at all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TaxRule {
    /// The rates that it charges, by their ids.
    pub tax_rate_ids: Vec<u64>,
}

/// A customer group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct CustomerGroup {
    /// Id, as an order's `customer_group_id` says it; 0 is a guest's.
    pub id: u64,
    /// Name.
    pub code: String,
}

fn percent<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let number = Number::deserialize(deserializer)?;
    decimal::parse(number.as_str()).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{CustomerGroup, Listed, StoreConfig, TaxRate, TaxRule, decode_list, version_address};

    #[test]
    fn each_list_is_read() {
        let rates = br#"{"items":[{"id":3,"tax_country_id":"FI","tax_region_id":0,"region_name":"*","tax_postcode":"*",
            "rate":25.5,"code":"FI-ALV-25.5","titles":[]}],"search_criteria":{},"total_count":1}"#;
        let rates = Listed::<TaxRate>::decode(rates).expect("rates");
        assert_eq!((rates.items[0].rate, rates.total_count), (Decimal::new(255, 1), 1));
        let groups = br#"{"items":[{"id":0,"code":"NOT LOGGED IN","tax_class_id":3}],"total_count":1}"#;
        assert_eq!(Listed::<CustomerGroup>::decode(groups).expect("groups").items[0].code, "NOT LOGGED IN");
        let rules = br#"{"items":[{"id":1,"code":"VAT","priority":0,"position":0,"customer_tax_class_ids":[3],
            "product_tax_class_ids":[2],"tax_rate_ids":[3,4],"calculate_subtotal":false}],"total_count":1}"#;
        assert_eq!(Listed::<TaxRule>::decode(rules).expect("rules").items[0].tax_rate_ids, [3, 4]);
        let configs = br#"[{"id":1,"code":"default","website_id":1,"locale":"nb_NO","base_currency_code":"NOK",
            "default_display_currency_code":"NOK","timezone":"Europe/Oslo","weight_unit":"kgs"}]"#;
        assert_eq!(decode_list::<StoreConfig>(configs).expect("configs")[0].timezone, "Europe/Oslo");
        assert!(Listed::<TaxRate>::decode(b"[]").is_err());
    }

    #[test]
    fn a_list_of_nothing_is_empty_and_a_list_that_lost_its_rows_is_none() {
        let decode = |text: &str| Listed::<TaxRate>::decode(text.as_bytes()).map(|list| list.items.len());
        assert_eq!(decode(r#"{"items":null,"total_count":0}"#), Ok(0));
        assert_eq!(decode(r#"{"items":[],"total_count":0}"#), Ok(0));
        assert_eq!(decode(r#"{"total_count":0}"#), Ok(0));
        assert!(decode(r#"{"items":null,"total_count":3}"#).is_err());
    }

    #[test]
    fn the_release_stands_beside_the_rest_door() {
        let at = |text| version_address(text).map(|uri| uri.to_string());
        let wanted = Some("https://shop.example.com/magento_version".to_owned());
        assert_eq!(at("https://shop.example.com/rest/default"), wanted);
        assert_eq!(at("https://na1.api.commerce.adobe.com/tenant"), None);
    }
}
