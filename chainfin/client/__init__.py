"""What a participant's own program needs: sign in, call, look at what is signed, sign it, confirm.

`Client` and `AsyncClient` carry out what `operations` describe::

    with Client("http://127.0.0.1:8310", signer=key_file.read(Path("my.key"), ask)) as me:
        me.sign_in()
        order = me.do(operations.orders_post_order(document=text))["order"]
"""

from chainfin.client.async_client import AsyncClient
from chainfin.client.client import Client
from chainfin.client.problem import ApiProblem
from chainfin.client.retries import Retries

__all__ = ["ApiProblem", "AsyncClient", "Client", "Retries"]
