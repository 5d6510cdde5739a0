use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{DecodeError, Order, OrderState, ProductType};
use crate::fixtures::{self, ALL};

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal of the test")
}

fn decode(text: &str) -> Order {
    Order::decode(text.as_bytes()).expect("an order")
}

/// The least that is an order, with the given fields over it.
fn minimal(over: Value) -> Value {
    let mut order = json!({
        "entity_id": 7, "increment_id": "000000007", "order_currency_code": "NOK",
        "grand_total": 10, "base_grand_total": 10,
    });
    for (key, value) in over.as_object().expect("fields") {
        order[key] = value.clone();
    }
    order
}

fn refused(over: Value) -> DecodeError {
    Order::from_value(&minimal(over)).expect_err("no order")
}

#[test]
fn the_header_identity_is_exact_in_both_currencies() {
    for (name, text) in ALL {
        let order = decode(text);
        assert_eq!(order.totals().residual(), Decimal::ZERO, "{name}, order currency");
        assert_eq!(order.base_totals().residual(), Decimal::ZERO, "{name}, base currency");
        assert!(!order.items.is_empty(), "{name}");
        assert!(order.billing_address.is_some() && order.payment.is_some(), "{name}");
    }
}

#[test]
fn text_and_value_decode_alike() {
    for (name, text) in ALL {
        let value: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(Order::from_value(&value).expect("an order"), decode(text), "{name}");
    }
}

#[test]
fn composite_lines_keep_their_parents() {
    let order = decode(fixtures::BUNDLE_DYNAMIC);
    let bundle = &order.items[0];
    assert_eq!(bundle.product_type, ProductType::Bundle);
    assert_eq!(bundle.tax_percent, None);
    assert_eq!(order.children(bundle.item_id).map(|child| child.tax_amount).sum::<Decimal>(), bundle.tax_amount);

    let order = decode(fixtures::CONFIGURABLE);
    let child = &order.items[1];
    assert_eq!(child.parent_item_id, Some(order.items[0].item_id));
    assert_eq!(child.sku, order.items[0].sku);
    assert_eq!(child.price, Decimal::ZERO);

    let order = decode(fixtures::GROUPED_COMPANY);
    assert!(order.items.iter().all(|item| item.product_type == ProductType::Grouped && item.parent_item_id.is_none()));
}

#[test]
fn discounted_shipping_and_its_tax_are_read() {
    let order = decode(fixtures::SHIPPING_DISCOUNT);
    assert_eq!(order.totals().shipping_net(), decimal("19.83"));
    assert_eq!(
        order.shipping_tax_amount,
        order
            .extension_attributes
            .item_applied_taxes
            .iter()
            .filter(|taxes| taxes.kind == "shipping")
            .flat_map(|taxes| &taxes.applied_taxes)
            .map(|tax| tax.amount)
            .sum()
    );
    assert_eq!(order.totals().shipping_discount_tax_compensation_amount, decimal("0.89"));
    assert_eq!(order.base_totals().shipping_discount_tax_compensation_amount, decimal("0.91"));
    assert!(order.discount_amount < Decimal::ZERO);
    assert_eq!(order.shipping_address().and_then(|to| to.country_id.as_deref()), Some("FI"));
    let taxes = &order.extension_attributes;
    assert_eq!(taxes.applied_taxes.iter().map(|tax| tax.amount).sum::<Decimal>(), order.tax_amount);
    assert!(taxes.item_applied_taxes.iter().all(|tax| tax.kind == "product" || tax.kind == "shipping"));
}

#[test]
fn exponents_and_four_places_are_kept() {
    let residue = decode(fixtures::DOWNLOADABLE).items[0].row_total_incl_tax;
    assert_eq!(residue, Some(decimal("0.0000000000000017763568394003")));
    let order = decode(fixtures::DECIMAL_QUANTITY);
    assert_eq!(order.grand_total, decimal("20.0709"));
    assert_eq!(order.base_grand_total, decimal("235.2345"));
}

#[test]
fn guests_and_virtual_orders() {
    let guest = decode(fixtures::VIRTUAL_GUEST);
    assert!(guest.is_guest() && guest.is_virtual && guest.customer_id.is_none());
    assert!(guest.shipping_method().is_none());
    let registered = decode(fixtures::CONFIGURABLE);
    assert!(!registered.is_guest() && !registered.is_virtual);
    assert_eq!(registered.shipping_method(), Some("flatrate_flatrate"));
}

#[test]
fn states_are_closed_with_a_way_out() {
    for (text, wanted) in [
        ("new", OrderState::New),
        ("pending_payment", OrderState::PendingPayment),
        ("processing", OrderState::Processing),
        ("complete", OrderState::Complete),
        ("closed", OrderState::Closed),
        ("canceled", OrderState::Canceled),
        ("holded", OrderState::Holded),
        ("payment_review", OrderState::PaymentReview),
        ("fraud_desk", OrderState::Other("fraud_desk".to_owned())),
    ] {
        let order = Order::from_value(&minimal(json!({ "state": text }))).expect(text);
        assert_eq!(order.state.as_ref(), Some(&wanted));
        assert_eq!(wanted.as_str(), text);
    }
    assert_eq!(Order::from_value(&minimal(json!({}))).expect("no state").state, None);
    assert_eq!(decode(fixtures::BUNDLE_DYNAMIC).state, Some(OrderState::Holded));
}

#[test]
fn absent_null_and_php_shapes_mean_the_same() {
    let absent = Order::from_value(&minimal(json!({}))).expect("absent");
    let null = Order::from_value(&minimal(json!({
        "items": null, "tax_amount": null, "total_paid": null, "customer_id": null, "extension_attributes": null,
        "payment": null, "billing_address": null, "customer_is_guest": null, "state": null, "coupon_code": null,
    })));
    let php = Order::from_value(&minimal(json!({ "extension_attributes": [], "items": [], "customer_is_guest": "0" })));
    // What is not typed is kept as it came.
    let typed = |order: Order| Order { modules: super::Modules::default(), ..order };
    let absent = typed(absent);
    assert_eq!(typed(null.expect("null")), absent);
    assert_eq!(typed(php.expect("php")), absent);
    assert!(absent.items.is_empty() && absent.total_paid.is_none() && absent.tax_amount.is_zero());
}

#[test]
fn ids_flags_and_amounts_come_as_strings_too() {
    let order = Order::from_value(&minimal(json!({
        "entity_id": "1042", "store_id": "3", "customer_is_guest": "1", "is_virtual": true, "grand_total": "59.0650",
        "items": [{ "item_id": "9", "parent_item_id": "8", "sku": "A", "name": "A", "qty_ordered": "1.5000" }],
        "extension_attributes": { "gw_price": "10.0000", "gw_items_price": "", "gift_cards_amount": 4 },
    })))
    .expect("an order");
    assert_eq!((order.entity_id, order.store_id), (1042, Some(3)));
    assert!(order.customer_is_guest && order.is_virtual);
    assert_eq!(order.grand_total, decimal("59.065"));
    assert_eq!((order.items[0].item_id, order.items[0].parent_item_id), (9, Some(8)));
    assert_eq!(order.items[0].qty_ordered, decimal("1.5"));
    assert_eq!(order.totals().gift_wrap, decimal("10"));
}

#[test]
fn liabilities_and_fees_belong_to_the_identity() {
    let order = Order::from_value(&minimal(json!({
        "grand_total": "55.00", "subtotal": 100, "tax_amount": 25, "discount_amount": -20,
        "extension_attributes": {
            "gift_cards_amount": 40, "customer_balance_amount": 15.5, "reward_currency_amount": 4.5,
            "gw_price": "3", "gw_items_price": "2", "gw_card_price": "1",
            "custom_fees": [{ "custom_fee_code": "deposit", "custom_fee_amount": 4, "base_custom_fee_amount": 8 }],
            "company_order_attributes": { "order_id": 7, "company_id": 4, "company_name": "Nordmann AS" },
        },
    })))
    .expect("an order");
    assert_eq!(order.totals().residual(), Decimal::ZERO);
    assert_eq!(order.base_totals().custom_fees, decimal("8"));
    let company = order.extension_attributes.company_order_attributes.expect("a company");
    assert_eq!(company.company_id, Some(4));
}

#[test]
fn fixed_product_taxes_are_read_out_of_their_string() {
    let text = r#"[{"title":"EE","base_amount":"5.0000","amount":"5.0000","row_amount":10,"base_row_amount":10,
        "row_amount_incl_tax":12.5}, {"title":"Battery","row_amount":"1.0000"}]"#;
    let order = Order::from_value(&minimal(json!({ "items": [
        { "item_id": 1, "weee_tax_applied": text,
          "weee_tax_applied_row_amount": 11, "base_weee_tax_applied_row_amnt": 12 },
        { "item_id": 2, "weee_tax_applied": "[]" },
        { "item_id": 3, "weee_tax_applied": "{" },
    ]})))
    .expect("an order");
    let taxes = order.items[0].fixed_product_taxes().expect("taxes");
    assert_eq!(taxes.iter().map(|tax| tax.tax()).collect::<Vec<_>>(), [decimal("2.5"), Decimal::ZERO]);
    assert_eq!(taxes.iter().map(|tax| tax.row_amount).sum::<Decimal>(), order.items[0].weee_tax_applied_row_amount);
    assert_eq!(order.items[0].base_weee_tax_applied_row_amount, decimal("12"));
    assert!(order.items[1].fixed_product_taxes().expect("none").is_empty());
    assert!(order.items[2].fixed_product_taxes().is_err());
}

#[test]
fn errors_name_the_place() {
    for (over, path) in [
        (json!({ "items": [{ "item_id": 1 }, { "item_id": 2, "price": "ten" }] }), "items[1].price"),
        (json!({ "items": [{ "sku": "A" }] }), "items[0]"),
        (json!({ "entity_id": -4 }), "entity_id"),
        (json!({ "entity_id": 4.5 }), "entity_id"),
        (json!({ "grand_total": null }), "grand_total"),
        (json!({ "grand_total": [] }), "grand_total"),
        (json!({ "customer_is_guest": 2 }), "customer_is_guest"),
        (json!({ "extension_attributes": [1] }), "extension_attributes[0]"),
        (json!({ "extension_attributes": { "gw_price": "x" } }), "extension_attributes.gw_price"),
        (
            json!({ "extension_attributes": {
                "shipping_assignments": [{ "shipping": { "address": { "city": 4 } } }],
            }}),
            "extension_attributes.shipping_assignments[0].shipping.address.city",
        ),
    ] {
        let error = refused(over);
        assert_eq!(error.path, path, "{error}");
    }
    for text in ["", "{", "null", "[]", "{} {}", "<html>"] {
        assert!(Order::decode(text.as_bytes()).is_err(), "{text}");
    }
    let truncated = &fixtures::CONFIGURABLE.as_bytes()[..4000];
    assert!(Order::decode(truncated).is_err());
}

#[test]
fn errors_do_not_repeat_what_people_wrote() {
    let error = refused(json!({ "billing_address": { "street": "Hemmeligstien \"4711\", expected by no one" } }));
    assert_eq!(error.path, "billing_address.street");
    assert_eq!(error.reason, "invalid type: a text, expected a sequence");
}
