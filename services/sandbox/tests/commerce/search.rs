//! The search grammar.

use sandbox::commerce::Config;

use crate::client::{Answer, Served, filter, serve};

async fn shop() -> Served {
    serve(Config::default(), 30).await
}

/// Orders that pass one filter, with their ids.
async fn ids(shop: &Served, field: &str, condition: &str, value: &str) -> Vec<u64> {
    let filter = filter(0, field, condition, value);
    let criteria: Vec<(&str, &str)> = filter.iter().map(|(path, value)| (path.as_str(), *value)).collect();
    let answer = shop.orders(&criteria).await;
    assert_eq!(answer.status, 200, "{field} {condition} {value}: {}", answer.text);
    answer.items("entity_id").iter().map(|id| id.parse().unwrap()).collect()
}

#[tokio::test]
async fn conditions() {
    let shop = shop().await;
    let all: Vec<u64> = (1..=30).collect();
    assert_eq!(ids(&shop, "entity_id", "eq", "7").await, [7]);
    assert_eq!(ids(&shop, "entity_id", "neq", "7").await.len(), 29);
    assert_eq!(ids(&shop, "entity_id", "gt", "28").await, [29, 30]);
    assert_eq!(ids(&shop, "entity_id", "gteq", "28").await, [28, 29, 30]);
    assert_eq!(ids(&shop, "entity_id", "moreq", "28").await, [28, 29, 30]);
    assert_eq!(ids(&shop, "entity_id", "from", "28").await, [28, 29, 30]);
    assert_eq!(ids(&shop, "entity_id", "lt", "3").await, [1, 2]);
    assert_eq!(ids(&shop, "entity_id", "lteq", "3").await, [1, 2, 3]);
    assert_eq!(ids(&shop, "entity_id", "to", "3").await, [1, 2, 3]);
    assert_eq!(ids(&shop, "entity_id", "in", "3,5,9,10,11,12,13,14,15,16,17,18").await.len(), 12);
    assert_eq!(ids(&shop, "entity_id", "nin", "1,2,3").await.len(), 27);
    assert_eq!(ids(&shop, "state", "eq", "NEW").await, all, "the collation ignores case");
    assert_eq!(ids(&shop, "state", "like", "n_w").await, all);
    assert_eq!(ids(&shop, "customer_email", "like", "%@EXAMPLE.%").await, all);
    assert_eq!(ids(&shop, "customer_email", "nlike", "%@example.%").await, [0_u64; 0]);
    assert_eq!(ids(&shop, "state", "finset", "new").await, all);
    assert_eq!(ids(&shop, "state", "nfinset", "new").await, [0_u64; 0]);
    assert_eq!(ids(&shop, "ext_order_id", "null", "").await, all);
    assert_eq!(ids(&shop, "ext_order_id", "notnull", "").await, [0_u64; 0]);
    assert_eq!(ids(&shop, "ext_order_id", "neq", "x").await, [0_u64; 0], "null is not unequal either");
    assert_eq!(ids(&shop, "entity_id", "nosuch", "7").await, [7], "an unknown condition is eq");
    assert_eq!(ids(&shop, "entity_id", "GTEQ", "7").await, [7], "and conditions know case");
    assert_eq!(ids(&shop, "increment_id", "eq", "1 OR 1=1").await, [0_u64; 0]);
}

#[tokio::test]
async fn times_are_compared_as_utc_seconds() {
    let shop = shop().await;
    let times = shop.orders(&[("[pageSize]", "0")]).await.items("updated_at");
    let last = times.iter().max().unwrap();
    let at_last = times.iter().filter(|time| *time == last).count();
    assert_eq!(ids(&shop, "updated_at", "gteq", last).await.len(), at_last);
    assert_eq!(ids(&shop, "updated_at", "eq", &format!("{}Z", last.replace(' ', "T"))).await.len(), at_last);
    assert_eq!(ids(&shop, "updated_at", "gt", last).await, [0_u64; 0]);
    assert_eq!(ids(&shop, "updated_at", "gteq", "2000-01-01").await.len(), 30);
}

#[tokio::test]
async fn groups_are_and_filters_are_or() {
    let shop = shop().await;
    let answer = shop
        .orders(&[
            ("[filter_groups][0][filters][0][field]", "entity_id"),
            ("[filter_groups][0][filters][0][value]", "3"),
            ("[filter_groups][0][filters][1][field]", "entity_id"),
            ("[filter_groups][0][filters][1][value]", "4"),
            ("[filterGroups][1][filters][0][field]", "entity_id"),
            ("[filterGroups][1][filters][0][condition_type]", "gt"),
            ("[filterGroups][1][filters][0][value]", "3"),
        ])
        .await;
    assert_eq!(answer.items("entity_id").len(), 27, "one array replaces the other: both names set the same field");
    let answer = shop
        .orders(&[
            ("[filter_groups][0][filters][0][field]", "entity_id"),
            ("[filter_groups][0][filters][0][value]", "3"),
            ("[filter_groups][0][filters][1][field]", "entity_id"),
            ("[filter_groups][0][filters][1][value]", "4"),
            ("[filter_groups][1][filters][0][field]", "entity_id"),
            ("[filter_groups][1][filters][0][condition_type]", "gt"),
            ("[filter_groups][1][filters][0][value]", "3"),
        ])
        .await;
    assert_eq!(answer.items("entity_id"), ["4"]);
}

fn message(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
    answer.message()
}

#[tokio::test]
async fn what_cannot_be_searched_for() {
    let shop = shop().await;
    for field in ["nosuch", "billing_address", "payment.po_number", "country_id", "entity_id; DROP TABLE"] {
        let filter = filter(0, field, "eq", "1");
        let criteria: Vec<(&str, &str)> = filter.iter().map(|(path, value)| (path.as_str(), *value)).collect();
        let answer = shop.orders(&criteria).await;
        assert!(message(&answer, 500).contains("Report ID: webapi-"), "{}", answer.text);
    }
    let sort = shop.orders(&[("[sortOrders][0][field]", "nosuch"), ("[sortOrders][0][direction]", "ASC")]).await;
    assert!(message(&sort, 500).starts_with("Internal Error."));
    let direction = [("[sortOrders][0][field]", "entity_id"), ("[sortOrders][0][direction]", "up")];
    assert!(message(&shop.orders(&direction).await, 400).starts_with("The sort order has to be specified"));
    shop.get("orders").await.is(
        400,
        r#"{"message":"\"%fieldName\" is required. Enter and try again.","parameters":{"fieldName":"searchCriteria"}}"#,
    );
    let page_size = shop.orders(&[("[pageSize]", "abc")]).await;
    assert_eq!(
        message(&page_size, 400),
        "Error occurred during \"pageSize\" processing. The \"abc\" value's type is invalid. The \"int\" type was \
         expected. Verify and try again."
    );
    let value = shop.orders(&[("[filterGroups][0][filters][0][value][0]", "x")]).await;
    assert!(message(&value, 400).starts_with(
        "Error occurred during \"filterGroups\" processing. Error occurred during \"filters\" processing. \
         Error occurred during \"value\" processing. The \"array\" value's type is invalid."
    ));
    let unknown = shop.orders(&[("[page_sizes]", "1")]).await;
    assert_eq!(message(&unknown, 400), "\"%fieldName\" is not supported. Correct the field name and try again.");
    assert_eq!(shop.orders(&[("[filterGroups]", "x"), ("[pageSize]", "1")]).await.items("entity_id"), ["1"]);
}

#[tokio::test]
async fn sizes_and_pages() {
    let shop = shop().await;
    let counts = async |criteria: &[(&str, &str)]| {
        let answer = shop.orders(criteria).await;
        assert_eq!(answer.json["total_count"].to_string(), "30");
        answer.items("entity_id").len()
    };
    assert_eq!(counts(&[("", "all")]).await, 30);
    assert_eq!(counts(&[("", "")]).await, 30);
    assert_eq!(counts(&[("[pageSize]", "0")]).await, 30);
    assert_eq!(counts(&[("[pageSize]", "-1")]).await, 1);
    assert_eq!(counts(&[("[pageSize]", "1000")]).await, 30);
    assert_eq!(counts(&[("[pageSize]", "20"), ("[currentPage]", "2")]).await, 10);
    assert_eq!(counts(&[("[pageSize]", "20"), ("[currentPage]", "3")]).await, 0);
    assert_eq!(counts(&[("[pageSize]", "20"), ("[currentPage]", "-4")]).await, 20);
    let empty = shop.orders(&[("[pageSize]", "100"), ("[currentPage]", "10")]).await;
    empty.is(
        200,
        r#"{"items":[],"search_criteria":{"current_page":10,"filter_groups":[],"page_size":100},"total_count":30}"#,
    );
    let capped = serve(Config { maximum_page_size: Some(300), ..Config::default() }, 1).await;
    capped
        .orders(&[("[pageSize]", "301")])
        .await
        .is(400, "{\"message\":\"Maximum SearchCriteria pageSize is %max\",\"parameters\":{\"max\":300}}");
}

#[tokio::test]
async fn sorting() {
    let shop = shop().await;
    let first = async |criteria: &[(&str, &str)]| shop.orders(criteria).await.items("entity_id")[0].clone();
    assert_eq!(first(&[("[sortOrders][0][field]", "entity_id")]).await, "30", "no direction means descending");
    assert_eq!(first(&[("[sortOrders][0][field]", "entity_id"), ("[sortOrders][0][direction]", "asc")]).await, "1");
    let by_total = shop
        .orders(&[("[sortOrders][0][field]", "grand_total"), ("[sortOrders][0][direction]", "ASC")])
        .await
        .items("grand_total");
    let values: Vec<rust_decimal::Decimal> = by_total.iter().map(|total| total.parse().unwrap()).collect();
    assert!(values.is_sorted(), "by value, not by text: {values:?}");
}

#[tokio::test]
async fn fields_trim_the_answer() {
    let shop = shop().await;
    let query = "searchCriteria%5BpageSize%5D=2&fields=items%5Bincrement_id,entity_id%5D,total_count";
    let answer = shop.get(&format!("orders?{query}")).await;
    let number = |id: usize| shop.shop.ledger()[id - 1].increment_id.clone();
    let item = |id: usize| format!("{{\"entity_id\":{id},\"increment_id\":\"{}\"}}", number(id));
    answer.is(200, &format!("{{\"items\":[{},{}],\"total_count\":30}}", item(1), item(2)));
    shop.get("orders?searchCriteria=all&fields=items(id)").await.is(200, "[]");
    shop.get("orders/1?fields=nosuch").await.is(200, "[]");
    shop.get("orders/1?fields=entity_id,billing_address%5Bparent_id%5D")
        .await
        .is(200, "{\"entity_id\":1,\"billing_address\":{\"parent_id\":1}}");
}
