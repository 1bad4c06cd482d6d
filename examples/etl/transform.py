#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An ordinary ETL job: orders and a product catalogue in, a sales summary and the returned orders out.

usage: transform.py orders.csv TARGET

TARGET is an SQLite file or, when it contains "://", any SQLAlchemy address such as postgresql://user@host/shop.
The catalogue is reference.csv beside orders.csv.
"""
import os
import sqlite3
import sys

import pandas as pd


def load(path):
    return pd.read_csv(path)


def enrich(orders, reference):
    orders = orders.merge(reference, on="product_id", how="left")
    orders["total_cents"] = orders["quantity"] * orders["price_cents"]
    return orders


def summarise(sales):
    groups = sales.groupby(["region", "category", "channel"], as_index=False)
    return groups.agg(orders=("order_id", "count"), items=("quantity", "sum"), total_cents=("total_cents", "sum"))


def returned(sales):
    return sales[sales["status"] == "returned"][["order_id", "customer", "product", "ordered_at", "total_cents"]]


def connect(target):
    if "://" in target:
        import sqlalchemy
        return sqlalchemy.create_engine(target)
    return sqlite3.connect(target)


def store(summary, returns, target):
    connection = connect(target)
    summary.to_sql("summary", connection, if_exists="replace", index=False)
    returns.to_sql("returns", connection, if_exists="replace", index=False)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: transform.py orders.csv TARGET")
    source, target = sys.argv[1:]
    reference = pd.read_csv(os.path.join(os.path.dirname(source), "reference.csv"))
    orders = load(source)
    sales = enrich(orders, reference)
    summary = summarise(sales)
    returns = returned(sales)
    store(summary, returns, target)
    print(f"{summary['orders'].sum()} orders, {len(returns)} returned, {summary['total_cents'].sum()} cents")


if __name__ == "__main__":
    main()
