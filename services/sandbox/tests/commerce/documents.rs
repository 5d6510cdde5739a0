//! Single documents, the shop's set-up, routes, and the headers of every answer.

use sandbox::commerce::Config;

use crate::client::{Served, criteria_query, serve};
use crate::signer::Signer;

const NO_ENTITY: &str =
    "{\"message\":\"The entity that was requested doesn't exist. Verify the entity and try again.\"}";
const CANNOT: &str = "{\"message\":\"Specified request cannot be processed.\"}";
const NO_ROUTE: &str = "{\"message\":\"Request does not match any route.\"}";

async fn shop() -> Served {
    serve(Config::default(), 5).await
}

#[tokio::test]
async fn a_list_shows_the_same_text_as_a_get_by_id() {
    let shop = shop().await;
    let list = shop.orders(&[("", "all")]).await.text;
    for id in 1..=5 {
        let one = shop.get(&format!("orders/{id}")).await;
        assert_eq!(one.status, 200);
        assert!(list.contains(&one.text));
    }
    shop.get("orders/3/statuses").await.is(200, "\"pending\"");
}

#[tokio::test]
async fn ids_that_are_none() {
    let shop = shop().await;
    shop.get("orders/999999").await.is(404, NO_ENTITY);
    shop.get("orders/-1").await.is(404, NO_ENTITY);
    shop.get("orders/0").await.is(400, "{\"message\":\"An ID is needed. Set the ID and try again.\"}");
    shop.get("orders/abc").await.is(
        400,
        r#"{"message":"The \"abc\" value's type is invalid. The \"int\" type was expected. Verify and try again."}"#,
    );
    shop.get("invoices/999999").await.is(404, NO_ENTITY);
    shop.get("creditmemo/999999").await.is(404, NO_ENTITY);
    shop.get("customers/999999").await.is(
        404,
        "{\"message\":\"No such entity with %fieldName = %fieldValue\",\
         \"parameters\":{\"fieldName\":\"customerId\",\"fieldValue\":999999}}",
    );
}

#[tokio::test]
async fn routes_and_stores() {
    let shop = shop().await;
    let get = async |path: &str| {
        let url = format!("{}{path}", shop.base);
        let header = Signer::new(&shop.keys).header("GET", &url);
        shop.send("GET", &url, &[("Authorization", &header)], "").await
    };
    for path in ["/rest/V1/orders/1", "/rest/default/V1/orders/1", "/rest/all/V1/orders/1", "/rest/se/V1/orders/1/"] {
        assert_eq!(get(path).await.status, 200, "{path}");
    }
    get("/rest/nosuch/V1/orders/1").await.is(400, CANNOT);
    get("/rest/default/v1/orders/1").await.is(400, CANNOT);
    get("/rest/v1/orders/1").await.is(400, CANNOT);
    get("/rest/V1/nosuch").await.is(404, NO_ROUTE);
    get("/rest/V2/orders/1").await.is(404, NO_ROUTE);
    let url = format!("{}/rest/V1/orders/1", shop.base);
    shop.send("DELETE", &url, &[], "").await.is(404, NO_ROUTE);
    shop.send("PATCH", &url, &[], "").await.is(405, "{\"message\":\"The PATCH HTTP method is not supported.\"}");
    shop.send("OPTIONS", &url, &[], "").await.is(405, "{\"message\":\"The OPTIONS HTTP method is not supported.\"}");
    assert_eq!(shop.send("HEAD", &url, &[], "").await.status, 405);
}

#[tokio::test]
async fn every_answer_sets_a_cookie_and_none_says_when_to_come_back() {
    let shop = shop().await;
    let found = shop.get("orders/1").await;
    let missing = shop.get("orders/77").await;
    for answer in [&found, &missing] {
        assert!(answer.headers["set-cookie"].to_str().unwrap().starts_with("PHPSESSID="));
        assert_eq!(answer.headers["server"], "nginx/1.22.1");
        assert_eq!(answer.headers["content-type"], "application/json; charset=utf-8");
        assert!(!answer.headers.contains_key("retry-after"));
    }
    let url = format!("{}/rest/V1/orders/1", shop.base);
    let header = Signer::new(&shop.keys).header("GET", &url);
    let html = shop.send("GET", &url, &[("Authorization", &header), ("Accept", "text/html")], "").await;
    assert_eq!(html.status, 500);
    assert!(html.text.starts_with("<!doctype html>"));
}

#[tokio::test]
async fn the_set_up_of_the_shop() {
    let shop = shop().await;
    let views = shop.get("store/storeViews").await.json;
    let code = |id: u64| views.as_array().unwrap().iter().find(|view| view["id"] == id).unwrap()["code"].clone();
    assert_eq!((code(1), code(2), code(3)), ("default".into(), "se".into(), "eu".into()));
    assert_eq!(shop.get("store/websites").await.json[1]["code"], "base");
    assert_eq!(shop.get("store/storeConfigs").await.json[0]["base_currency_code"], "NOK");
}

#[tokio::test]
async fn registered_customers_are_there_with_their_orders() {
    let shop = serve(Config { customers: 20, ..Config::default() }, 60).await;
    let orders = shop.orders(&[("", "all")]).await.json;
    let mut registered = 0;
    for order in orders["items"].as_array().unwrap() {
        let Some(id) = order["customer_id"].as_u64() else {
            assert_eq!(order["customer_is_guest"], 1);
            continue;
        };
        registered += 1;
        let customer = shop.get(&format!("customers/{id}")).await.json;
        assert_eq!(customer["email"], order["customer_email"]);
        assert_eq!(customer["group_id"], order["customer_group_id"]);
    }
    assert!(registered > 10);
    let nobody =
        [("[filterGroups][0][filters][0][field]", "email"), ("[filterGroups][0][filters][0][value]", "nobody")];
    let found = shop.get(&format!("customers/search?{}", criteria_query(&nobody))).await;
    assert_eq!(found.items("id"), [""; 0]);
}

#[tokio::test]
async fn what_a_first_mapping_is_made_of() {
    let shop = shop().await;
    let all = criteria_query(&[("", "all")]);
    let rates = shop.get(&format!("taxRates/search?{all}")).await;
    assert!(rates.items("code").contains(&"FI-ALV-25.5".to_owned()), "{}", rates.text);
    assert_eq!(
        rates.json["items"].as_array().unwrap().iter().find(|rate| rate["rate"] == 25.5).unwrap()["tax_country_id"],
        "FI"
    );
    assert_eq!(shop.get(&format!("customerGroups/search?{all}")).await.items("id"), ["0", "1", "4", "5"]);
    let rule = &shop.get(&format!("taxRules/search?{all}")).await.json["items"][0];
    let unused = |rate: &serde_json::Value| !rule["tax_rate_ids"].as_array().unwrap().contains(&rate["id"]);
    let unused = rates.json["items"].as_array().unwrap().iter().filter(|rate| unused(rate)).collect::<Vec<_>>();
    assert!(unused.len() == 2 && unused.iter().all(|rate| rate["tax_country_id"] == "US"), "Magento ships them");
    assert_eq!(shop.get("taxRates/search").await.status, 400, "criteria are needed");
    assert_eq!(shop.get("modules").await.json[0], "Magento_Store");
}
