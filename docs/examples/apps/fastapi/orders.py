"""``POST /orders``: keeps an order. A client that gets 503 asks again."""
import os

from fastapi import FastAPI, HTTPException
from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine(os.environ['DATABASE_URL'])
app = FastAPI()


class Base(DeclarativeBase):
    """The tables."""


class Order(Base):
    """An order: its number, what its client calls it, and what is ordered."""

    __tablename__ = 'orders'
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column()
    item: Mapped[str] = mapped_column()


@app.post('/orders', status_code=201)
def order(key: str, item: str) -> dict[str, str]:
    """Keep an order."""
    try:
        with Session(engine) as session, session.begin():
            session.execute(insert(Order).values(key=key, item=item))
    except DBAPIError:
        raise HTTPException(503, 'try again') from None
    return {'key': key}
