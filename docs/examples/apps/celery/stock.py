"""A task that sells: it takes one from what is in stock, which is kept in Redis."""
import os

import redis
from celery import Celery

app = Celery('stock', broker=os.environ['BROKER_URL'], backend=os.environ['BROKER_URL'])
stock = redis.Redis.from_url(os.environ['STOCK_URL'])


@app.task
def sell(item: str) -> int:
    """Take one from the stock, and return how many are left."""
    return stock.decr(f'stock:{item}')
