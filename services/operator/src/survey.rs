//! From the vendors' answers to what a mapping file is made of and held against.
//!
//! A VAT id in Visma has rates that each hold from a day on; the rate given here is today's.

use ::commerce::order::DecodeError;
use ::commerce::reply::Answer;
use ::commerce::setup::StoreConfig;
use ::commerce::stores::StoreView;
use ::visma::read::{AccountRead, DimensionRead, EntryRead, ReadError, SegmentRead, VatRead};
use ::visma::reply::{Failure, read_page, read_record};
use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use mapping::survey::{Account, Currency, Entry, Segment, ShopStore, Vat};
use problem::{Code, Problem, chain};
use serde_json::Value;

use crate::ping::{Asked, Side, otherwise, unanswered};

/// The rows of one of Visma's lists.
///
/// # Errors
/// Why there are none.
pub fn visma_list<T>(
    asked: &Asked,
    now: Timestamp,
    read: impl Fn(&Value) -> Result<T, ReadError>,
) -> Result<Vec<T>, Problem> {
    let page = read_page(answered(Side::Visma, asked)?, now.into()).map_err(|failure| failed(&failure))?;
    Ok(page.each(read).map_err(|e| unreadable(&e))?.rows)
}

/// The segments of a subaccount.
///
/// # Errors
/// Why they are not known.
pub fn segments(asked: &Asked, now: Timestamp) -> Result<Vec<Segment>, Problem> {
    let (record, _) = read_record(answered(Side::Visma, asked)?, now.into()).map_err(|failure| failed(&failure))?;
    let dimension = DimensionRead::read(&record).map_err(|e| unreadable(&e))?;
    dimension.segments.into_iter().map(segment).collect()
}

/// Decodes an answer of Commerce.
///
/// # Errors
/// Why it is not known.
pub fn commerce_answer<T>(
    asked: &Asked,
    now: Timestamp,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<T, Problem> {
    match Answer::read(answered(Side::Commerce, asked)?, now) {
        Answer::Ok(body) => decode(&body).map_err(|e| {
            let remedy = "look at the shop's answer; a module or an edge in front of it may have changed it";
            Problem::new(Code::CommerceUnreadable, chain(&e), remedy)
        }),
        other => Err(otherwise(&other)),
    }
}

fn answered(side: Side, asked: &Asked) -> Result<&Response<Bytes>, Problem> {
    asked.as_ref().map_err(|e| unanswered(side, e))
}

fn failed(failure: &Failure) -> Problem {
    Problem::new(failure.code(), failure.to_string(), failure.what_to_do())
}

fn unreadable(error: &dyn std::error::Error) -> Problem {
    Problem::new(Code::VismaUnreadable, chain(error), "check the base URL and Visma's status page")
}

/// A GL account.
pub fn account(read: AccountRead) -> Account {
    let AccountRead { number, description, kind, active, control_account_module } = read;
    let entry = Entry { key: number, name: description.unwrap_or_default(), active: active.unwrap_or(true) };
    Account { entry, kind: kind.unwrap_or_default(), ledger: control_account_module }
}

/// One of the lists that are a key and a name.
pub fn entry(read: EntryRead) -> Entry {
    let EntryRead { key, description, active, .. } = read;
    Entry { key, name: description.unwrap_or_default(), active: active.unwrap_or(true) }
}

/// A currency.
pub fn currency(read: EntryRead) -> Currency {
    let decimals = read.decimal_precision.and_then(|decimals| decimals.try_into().ok());
    Currency { code: read.key, is_base: read.is_base_currency.unwrap_or(false), decimals }
}

/// A VAT id as it is on this day.
pub fn vat(read: VatRead, today: Date) -> Vat {
    let VatRead { id, description, not_valid_after, schedules } = read;
    // The first ten characters are the date, whatever follows.
    let day =
        |text: &Option<String>| text.as_deref().and_then(|text| text.get(..10)).and_then(|text| text.parse().ok());
    let valid = day(&not_valid_after).is_none_or(|last: Date| last >= today);
    let is_input = |group: &Option<String>| group.as_deref() == Some("Input");
    let output = schedules.is_empty() || schedules.iter().any(|schedule| !is_input(&schedule.group_type));
    let begun = schedules.iter().filter(|schedule| output != is_input(&schedule.group_type));
    let begun = begun.filter(|schedule| day(&schedule.start_date).is_none_or(|start| start <= today));
    let latest = begun.max_by_key(|schedule| day(&schedule.start_date).unwrap_or(Date::MIN));
    let rate = latest.and_then(|schedule| schedule.vat_rate);
    Vat { entry: Entry { key: id, name: description.unwrap_or_default(), active: valid }, rate, output }
}

fn segment(read: SegmentRead) -> Result<Segment, Problem> {
    let SegmentRead { segment_id, description, validate, segment_values } = read;
    let number = segment_id.parse().map_err(|_| {
        let sentence = format!("the subaccount has a segment `{segment_id}`, which is no number");
        Problem::new(Code::VismaUnreadable, sentence, "check the base URL and Visma's status page")
    })?;
    let values = segment_values.into_iter().map(|value| Entry {
        key: value.value_id,
        name: value.description.unwrap_or_default(),
        active: value.active.unwrap_or(true),
    });
    let (name, closed) = (description.unwrap_or_default(), validate.unwrap_or(true));
    Ok(Segment { number, name, closed, values: values.collect() })
}

/// The store views with what they are set up with, without the admin panel.
pub fn stores(views: Vec<StoreView>, configs: &[StoreConfig]) -> Vec<ShopStore> {
    let views = views.into_iter().filter(|view| view.id > 0);
    let store = |view: StoreView| {
        let config = configs.iter().find(|config| config.id == view.id);
        ShopStore {
            id: view.id,
            code: view.code,
            website: view.website_id,
            currency: config.map(|config| config.default_display_currency_code.clone()),
            time_zone: config.map(|config| config.timezone.clone()),
        }
    };
    views.map(store).collect()
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_vat_id_has_the_rate_of_the_day() {
        let schedule = |start: &str, rate: i64, group: &str| json!({ "startDate": format!("{start}T00:00:00"), "vatRate": rate, "groupType": group });
        let of = |last: Option<&str>, schedules: Value| {
            let row = json!({ "vatId": "3", "description": "High", "notValidAfter": last, "schedules": schedules });
            vat(VatRead::read(&row).expect("a VAT id"), "2026-11-22".parse().expect("a day"))
        };
        let grown = json!([
            schedule("2000-01-01", 24, "Output"),
            schedule("2027-01-01", 27, "Output"),
            schedule("2005-01-01", 25, "Output")
        ]);
        let high = of(None, grown);
        assert_eq!((high.rate, high.output, high.entry.active), (Some(Decimal::from(25)), true, true));
        assert!(!of(Some("2026-11-21T00:00:00"), json!([])).entry.active);
        assert!(of(Some("2026-11-22T00:00:00"), json!([])).entry.active);
        let input = of(None, json!([schedule("2000-01-01", 25, "Input")]));
        assert_eq!((input.output, input.rate), (false, Some(Decimal::from(25))));
    }

    #[test]
    fn stores_are_those_that_sell() {
        let view = |id, code: &str| StoreView { id, code: code.to_owned(), website_id: 1 };
        let config = StoreConfig {
            id: 2,
            code: "se".into(),
            website_id: 1,
            base_currency_code: "NOK".into(),
            default_display_currency_code: "SEK".into(),
            timezone: "Europe/Stockholm".into(),
        };
        let stores = stores(vec![view(0, "admin"), view(1, "no"), view(2, "se")], &[config]);
        let told: Vec<_> = stores.iter().map(|store| (store.id, store.currency.as_deref())).collect();
        assert_eq!(told, [(1, None), (2, Some("SEK"))]);
    }
}
