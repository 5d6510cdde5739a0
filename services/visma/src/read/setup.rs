//! Settings of a company that documents may refer to.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{ReadError, lenient, read};

/// A GL account (`AccountDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountRead {
    /// Its number.
    #[serde(rename = "accountCD", deserialize_with = "lenient::required")]
    pub number: String,
    /// Name that people know it by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// `Asset`, `Liability`, `Income` or `Expense`.
    #[serde(default, rename = "type", deserialize_with = "lenient::text")]
    pub kind: Option<String>,
    /// True when it can be used; not said means that it can.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
    /// The ledger that alone posts on it (`AR`, `AP`).
    #[serde(default, deserialize_with = "lenient::text")]
    pub control_account_module: Option<String>,
}

/// A VAT id (`VatInformationDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VatRead {
    /// Id that lines name.
    #[serde(rename = "vatId", deserialize_with = "lenient::required")]
    pub id: String,
    /// Name that people know it by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// The last day on which it may be used, as text that begins with the date.
    #[serde(default, deserialize_with = "lenient::text")]
    pub not_valid_after: Option<String>,
    /// Its rates.
    #[serde(default, deserialize_with = "rows")]
    pub schedules: Vec<VatScheduleRead>,
}

/// A rate of a VAT id, from a day on (`VatScheduleDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VatScheduleRead {
    /// The first day, as text that begins with the date.
    #[serde(default, deserialize_with = "lenient::text")]
    pub start_date: Option<String>,
    /// Per cent.
    #[serde(default, deserialize_with = "lenient::amount")]
    pub vat_rate: Option<Decimal>,
    /// `Output` is what customers are charged, `Input` what suppliers charge.
    #[serde(default, deserialize_with = "lenient::text")]
    pub group_type: Option<String>,
}

/// A dimension (`DimensionDto`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DimensionRead {
    /// Its segments.
    #[serde(default, deserialize_with = "rows")]
    pub segments: Vec<SegmentRead>,
}

/// A segment of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentRead {
    /// Its place, from 1.
    #[serde(deserialize_with = "lenient::required")]
    pub segment_id: String,
    /// Name that people know it by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// True when a value must be one of those listed; not said means that it must.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub validate: Option<bool>,
    /// Its values.
    #[serde(default, deserialize_with = "rows")]
    pub segment_values: Vec<SegmentValueRead>,
}

/// A value of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SegmentValueRead {
    /// The value.
    #[serde(deserialize_with = "lenient::required")]
    pub value_id: String,
    /// Name that people know it by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// True when it can be used; not said means that it can.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
}

/// An entry of one of the lists that are a key and a name: terms, classes, branches, currencies, payment methods, cash
/// accounts, VAT zones.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EntryRead {
    /// Key that documents name.
    #[serde(deserialize_with = "lenient::required")]
    pub key: String,
    /// Name that people know it by.
    #[serde(default, deserialize_with = "lenient::text")]
    pub description: Option<String>,
    /// True when it can be used; not said means that it can.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub active: Option<bool>,
    /// True when the books are kept in this currency; for a currency only.
    #[serde(default, deserialize_with = "lenient::flag")]
    pub is_base_currency: Option<bool>,
    /// Places behind the point; for a currency only.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub decimal_precision: Option<i64>,
}

/// Under which names the lists keep a key, a name, and whether it can be used.
const KEYS: [&str; 4] = ["termsId", "paymentMethodID", "number", "id"];
const NAMES: [&str; 2] = ["description", "name"];
const ACTIVE: [&str; 2] = ["active", "isActive"];

impl EntryRead {
    /// From a decoded row of any of these lists.
    ///
    /// # Errors
    /// A missing key, or a value that is not what it should be.
    pub fn read(value: &Value) -> Result<Self, ReadError> {
        let first = |names: &[&str]| names.iter().find_map(|name| value.get(*name)).cloned().unwrap_or(Value::Null);
        let one = |name: &str| value.get(name).cloned().unwrap_or(Value::Null);
        let entry = json!({
            "key": first(&KEYS), "description": first(&NAMES), "active": first(&ACTIVE),
            "isBaseCurrency": one("isBaseCurrency"), "decimalPrecision": one("decimalPrecision"),
        });
        read("an entry", &entry)
    }
}

/// A list that may be null.
fn rows<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

macro_rules! readable {
    ($($record:ty = $what:literal),*) => {
        $(impl $record {
            /// From a decoded row or reply.
            ///
            /// # Errors
            /// A missing key, or a value that is not what it should be.
            pub fn read(value: &Value) -> Result<Self, ReadError> {
                read($what, value)
            }
        })*
    };
}
readable!(AccountRead = "an account", VatRead = "a VAT id", DimensionRead = "a dimension");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_read_by_their_own_keys() {
        for row in [
            json!({"termsId": "14", "description": "14 dager"}),
            json!({"id": "14", "description": "14 dager", "isBaseCurrency": false, "decimalPrecision": 2}),
            json!({"paymentMethodID": "14", "description": {"value": "14 dager"}, "active": true}),
            json!({"branchId": 7, "number": {"value": "14"}, "name": "14 dager", "isActive": true}),
        ] {
            let entry = EntryRead::read(&row).expect("an entry");
            assert_eq!((entry.key.as_str(), entry.description.as_deref()), ("14", Some("14 dager")), "{row}");
        }
        assert!(EntryRead::read(&json!({"description": "no key"})).is_err());
        let account = json!({"accountID": 1, "accountCD": "3000", "type": "Income", "active": false});
        let account = AccountRead::read(&account).expect("an account");
        assert_eq!((account.number.as_str(), account.active), ("3000", Some(false)));
        let vat = json!({"vatCategoryId": "FI255", "vatId": "FI255", "schedules": [
            {"startDate": "2024-09-01T00:00:00", "vatRate": 25.5, "groupType": "Output"}]});
        let vat = VatRead::read(&vat).expect("a VAT id");
        assert_eq!(vat.schedules[0].vat_rate, Some(Decimal::new(255, 1)));
        let dimension = json!({"id": "SUBACCOUNT", "segments": [{"segmentId": 1, "segmentValues": null}]});
        assert_eq!(DimensionRead::read(&dimension).expect("a dimension").segments[0].segment_id, "1");
    }
}
