//! Asking both systems for what a mapping file speaks of. A list that may not be read is a gap, and told.

use record::Log;
use std::num::NonZeroU32;

use ::commerce::creditmemo::CreditMemo;
use ::commerce::entity::Entity;
use ::commerce::invoice::Invoice;
use ::commerce::order::{DecodeError, Order};
use ::commerce::requests::{self, Base, RequestError};
use ::commerce::setup::{self, CustomerGroup, Listed, StoreConfig, TaxRate, TaxRule};
use ::commerce::stores::StoreView;
use ::visma::read::{AccountRead, EntryRead, ReadError, VatRead};
use ::visma::requests::{Company, Reference};
use bytes::Bytes;
use http::Request;
use jiff::civil::Date;
use mapping::survey::{Books, Entry, Group, Sales, Shop, Survey};
use operator::drift::{self, Proof};
use operator::survey::{account, commerce_answer, currency, entry, segments, stores, vat, visma_list};
use pipeline::clock::now;
use pipeline::vendor::Vendor;
use problem::{Code, Problem, chain};
use serde::Deserialize;
use serde_json::Value;

use crate::bench::Bench;
use crate::ping::call;

/// Pages of a list of the shop that are read at most.
const PAGES: u32 = 50;
/// Orders that are looked at, and as many invoices and credit memos each.
const ORDERS: usize = 500;
const DOCUMENTS: usize = 200;
/// Orders that are asked for at once.
const PAGE: usize = 100;

/// Data of both systems, and what could not be read of it.
pub(crate) struct Surveyed {
    /// Data that was read.
    pub(crate) survey: Survey,
    /// Parts that were not read, and why.
    pub(crate) gaps: Vec<(&'static str, Problem)>,
}

/// Asks both systems.
///
/// # Errors
/// When a setting is missing, or when one of them shows nothing at all.
pub(crate) async fn survey(bench: &Bench, today: Date) -> Result<Surveyed, Problem> {
    let mut gaps = Vec::new();
    let books = books(bench, today, &mut gaps).await?;
    let of_visma = gaps.len();
    let shop = shop(bench, &mut gaps).await?;
    if books == Books::default() || shop == Shop::default() {
        let silent = if books == Books::default() { 0 } else { of_visma };
        if let Some((_, problem)) = gaps.into_iter().nth(silent) {
            return Err(problem);
        }
        return Err(Problem::new(Code::PingNoAnswer, "nothing could be read", "run `ml-connector ping`"));
    }
    Ok(Surveyed { survey: Survey { books, shop }, gaps })
}

/// Notes why a list is missing.
fn noted<T>(what: &'static str, read: Result<T, Problem>, gaps: &mut Vec<(&'static str, Problem)>) -> Option<T> {
    read.map_err(|problem| gaps.push((what, problem))).ok()
}

async fn books(bench: &Bench, today: Date, gaps: &mut Vec<(&'static str, Problem)>) -> Result<Books, Problem> {
    let (vendor, company) = bench.visma().await?;
    let visma = Visma { vendor, company };
    let entries = async |list| visma.list(list, EntryRead::read).await;
    let named = |read: Vec<EntryRead>| -> Vec<Entry> { read.into_iter().map(entry).collect() };
    let accounts = visma.list(Reference::Accounts, AccountRead::read).await;
    let vats = visma.list(Reference::Vats, VatRead::read).await;
    let segments = visma.segments().await;
    Ok(Books {
        accounts: noted("accounts", accounts, gaps).map(|read| read.into_iter().map(account).collect()),
        vat: noted("VAT ids", vats, gaps).map(|read| read.into_iter().map(|read| vat(read, today)).collect()),
        segments: noted("dimensions", segments, gaps),
        terms: noted("credit terms", entries(Reference::CreditTerms).await, gaps).map(named),
        classes: noted("customer classes", entries(Reference::CustomerClasses).await, gaps).map(named),
        branches: noted("branches", entries(Reference::Branches).await, gaps).map(named),
        currencies: noted("currencies", entries(Reference::Currencies).await, gaps)
            .map(|read| read.into_iter().map(currency).collect()),
        payment_methods: noted("Visma's payment methods", entries(Reference::PaymentMethods).await, gaps).map(named),
        cash_accounts: noted("cash accounts", entries(Reference::CashAccounts).await, gaps).map(named),
        vat_zones: noted("VAT zones", entries(Reference::VatZones).await, gaps).map(named),
        keeps_pins: noted("what verified documents show of VAT that is set on them", pinning(bench).await, gaps)
            .flatten(),
    })
}

/// Reads whether Visma keeps VAT that is set on documents, as far as the verified ones show it.
async fn pinning(bench: &Bench) -> Result<Option<bool>, Problem> {
    let told = drift::pinning(&Log::on(&bench.context.broker, &bench.context.connection)).await?;
    Ok(match told.proof() {
        Proof::Kept => Some(true),
        Proof::NotKept => Some(false),
        Proof::Unknown => None,
    })
}

struct Visma {
    vendor: Vendor,
    company: Company,
}

impl Visma {
    async fn list<T>(&self, list: Reference, read: impl Fn(&Value) -> Result<T, ReadError>) -> Result<Vec<T>, Problem> {
        let request = self.company.reference(list).map_err(|e| unbuilt(&e, "visma.base_url"))?;
        visma_list(&call(&self.vendor, &request).await, now(), read)
    }

    async fn segments(&self) -> Result<Vec<mapping::survey::Segment>, Problem> {
        let request = self.company.subaccount_segments().map_err(|e| unbuilt(&e, "visma.base_url"))?;
        segments(&call(&self.vendor, &request).await, now())
    }
}

async fn shop(bench: &Bench, gaps: &mut Vec<(&'static str, Problem)>) -> Result<Shop, Problem> {
    let (vendor, base) = bench.commerce().await?;
    let shop = Commerce { vendor, base };
    let views = shop.ask(requests::store_views(&shop.base), StoreView::decode_list).await;
    let configs = shop.ask(setup::store_configs(&shop.base), setup::decode_list::<StoreConfig>).await;
    let configs = noted("the stores' currencies", configs, gaps).unwrap_or_default();
    let rates = shop.pages(setup::tax_rates).await;
    let rules = noted("tax rules", shop.pages(setup::tax_rules).await, gaps);
    let groups = shop.pages(setup::customer_groups).await;
    let sales = sales(&shop, gaps).await;
    let rate = |rate: TaxRate| tax_rate(rate, rules.as_deref());
    let group = |group: CustomerGroup| Group { id: group.id, name: group.code };
    Ok(Shop {
        stores: noted("stores", views, gaps).map(|views| stores(views, &configs)),
        tax_rates: noted("tax rates", rates, gaps).map(|rates| rates.into_iter().map(rate).collect()),
        groups: noted("customer groups", groups, gaps).map(|groups| groups.into_iter().map(group).collect()),
        sales: noted("the latest orders", sales, gaps),
    })
}

/// The latest orders, invoices and credit memos, with the orders that these belong to.
async fn sales(shop: &Commerce, gaps: &mut Vec<(&'static str, Problem)>) -> Result<Sales, Problem> {
    let mut unread = 0;
    let orders = shop.latest(Entity::Order, ORDERS, Order::from_value, &mut unread).await?;
    let invoices = shop.latest(Entity::Invoice, DOCUMENTS, Invoice::from_value, &mut unread).await;
    let memos = shop.latest(Entity::CreditMemo, DOCUMENTS, CreditMemo::from_value, &mut unread).await;
    let mut sales = Sales {
        orders,
        invoices: noted("the latest invoices", invoices, gaps).unwrap_or_default(),
        credit_memos: noted("the latest credit memos", memos, gaps).unwrap_or_default(),
        others: Vec::new(),
    };
    for ids in sales.missing_orders().chunks(PAGE) {
        let listed: Listed<Value> = shop.ask(setup::orders_of(&shop.base, ids), Listed::decode).await?;
        let read = listed.items.iter().map(Order::from_value).filter_map(Result::ok);
        sales.others.extend(read);
    }
    if unread > 0 {
        let sentence = format!("{unread} of the latest documents are not what Commerce sends, and were left out");
        let remedy = "a module or an edge in front of the shop may have changed them; they would be dead letters";
        gaps.push(("some of the latest documents", Problem::new(Code::CommerceUnreadable, sentence, remedy)));
    }
    Ok(sales)
}

/// A rate, and whether a tax rule charges it.
fn tax_rate(rate: TaxRate, rules: Option<&[TaxRule]>) -> mapping::survey::TaxRate {
    let used = rules.is_none_or(|rules| rules.iter().any(|rule| rule.tax_rate_ids.contains(&rate.id)));
    mapping::survey::TaxRate { code: rate.code, country: rate.tax_country_id, rate: rate.rate, used }
}

struct Commerce {
    vendor: Vendor,
    base: Base,
}

impl Commerce {
    async fn ask<T>(
        &self,
        request: Result<Request<Bytes>, RequestError>,
        decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, Problem> {
        let request = request.map_err(|e| unbuilt(&e, "commerce.base_url"))?;
        commerce_answer(&call(&self.vendor, &request).await, now(), decode)
    }

    /// The latest records of a kind, at most so many; those that cannot be read are counted and left out.
    async fn latest<T>(
        &self,
        entity: Entity,
        most: usize,
        read: impl Fn(&Value) -> Result<T, DecodeError>,
        unread: &mut usize,
    ) -> Result<Vec<T>, Problem> {
        let mut rows = Vec::new();
        let mut seen = 0;
        for page in (1..=PAGES).filter_map(NonZeroU32::new) {
            let listed: Listed<Value> = self.ask(setup::latest(&self.base, entity, page), Listed::decode).await?;
            seen += listed.items.len();
            let ended = listed.items.is_empty();
            let (good, bad): (Vec<_>, Vec<_>) = listed.items.iter().map(&read).partition(Result::is_ok);
            *unread += bad.len();
            rows.extend(good.into_iter().filter_map(Result::ok));
            if ended || seen >= most || seen as u64 >= listed.total_count {
                break;
            }
        }
        Ok(rows)
    }

    /// All rows of a list that comes in pages. Behind the last page Commerce shows the last one again, so the total
    /// decides.
    async fn pages<T: for<'de> Deserialize<'de>>(
        &self,
        request: fn(&Base, NonZeroU32) -> Result<Request<Bytes>, RequestError>,
    ) -> Result<Vec<T>, Problem> {
        let mut rows = Vec::new();
        for page in (1..=PAGES).filter_map(NonZeroU32::new) {
            let listed: Listed<T> = self.ask(request(&self.base, page), Listed::decode).await?;
            let ended = listed.items.is_empty();
            rows.extend(listed.items);
            if ended || rows.len() as u64 >= listed.total_count {
                break;
            }
        }
        Ok(rows)
    }
}

fn unbuilt(error: &dyn std::error::Error, setting: &str) -> Problem {
    Problem::new(Code::SettingsInvalid, chain(error), format!("correct {setting}"))
}
