//! A strict simulated Adobe Commerce PaaS, as seen over REST with OAuth 1.0a.
//!
//! It behaves as Magento Open Source 2.4.7-p3 was measured to behave, with the header-only extras of Adobe Commerce
//! (gift cards, store credit, reward points) in its generated orders. What it does not know it refuses, in the body
//! shapes of the real one: an unknown store code is 400, an unknown column 500, a missing permission 401.
//!
//! It serves orders (list, by id, comments, statuses), invoices, credit memos, shipments, customers, customer groups,
//! tax rates, modules, store views, websites and store configurations. `POST /V1/orders` saves few columns of an order
//! and its custom attributes, in every way in which a shop may take those or not. It does not serve carts, products,
//! writing invoices, XML; their routes answer 404 as an unknown route does.

mod account;
mod auth;
mod books;
mod comment;
mod config;
mod control;
mod customer;
mod day;
mod fulfil;
mod habits;
mod ledger;
mod limit;
mod place;
mod read;
mod refusal;
mod reply;
mod route;
mod save;
mod search;
mod shop;
mod table;
mod text;
mod webhook;

use axum::Router;

use crate::gate::Gate;

pub use account::LedgerAccount;
pub use config::{
    Admin, Admins, CommerceWebhook, Config, Flavour, Habits, Ims, Integration, IoEvents, LateCommit, Luck, ModuleFee,
    OrderAttributes, Payload, ProductTax, RateLimit, Webhook,
};
pub use control::control_router;
pub use ledger::{LedgerDocument, LedgerOrder};
pub use shop::{OpenError, Shop};
pub(crate) use text::{items, whole_number};
pub use webhook::Channel;
pub use webhook::log::{Deliveries, Delivery, Outcome, Shown};

/// The simulated shop as HTTP: REST behind the gate, and the test's own door beside it (see [`control_router`]).
pub fn router(shop: Shop, gate: Gate) -> Router {
    let control = control_router(shop.clone());
    gate.guard(route::router(shop)).merge(control)
}
