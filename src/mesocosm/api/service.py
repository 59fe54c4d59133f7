"""A service of an ecosystem as a function of rows: by its server where one runs, else in this
process.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from mesocosm.catalog import Catalog
from mesocosm.client import Client, Prediction, prediction_of, row_as_json
from mesocosm.client.given_rows import Row, Rows, list_rows, read_row
from mesocosm.config import Spec
from mesocosm.core.errors import ConfigValueError, MesocosmError
from mesocosm.core.messages import Message

if TYPE_CHECKING:
    import pandas

    from mesocosm.serving.service import LiveService


class ServiceView:
    """One service; its predictions are logged, each with an id that a trace follows.

    Args:
        name: as the file has it.
    """

    def __init__(self, name: str, spec: Spec, catalog: Catalog) -> None:
        self.name = name
        self._spec, self._catalog = spec, catalog
        self._served: LiveService | None = None

    def __repr__(self) -> str:
        """Its name and what it serves."""
        return f"<service {self.name}, {self.version or 'nothing deployed'}>"

    @property
    def version(self) -> str | None:
        """The model version that is deployed, None where none is."""
        row = self._catalog.deployment(self.name)
        if not row or not row["version"]:
            return None
        return str(row["version"])

    @overload
    def predict(self, row: Row | pandas.Series) -> Prediction: ...
    @overload
    def predict(self, row: Rows) -> list[Prediction]: ...
    def predict(self, row: Row | pandas.Series | Rows) -> Prediction | list[Prediction]:
        """The prediction of one row, or those of several, as `predict_rows` gives them: a list of
        rows, a pandas DataFrame or a pyarrow Table.

        Raises:
            ConfigValueError: the row lacks fields, or has an invalid value.
            MesocosmError: nothing is deployed, or the service has no model.
            Refused: a running server refuses it.
        """
        one = read_row(row)
        if one is None:
            return self.predict_rows(list_rows(row))
        if client := self._client():
            with client:
                return client.predict(self.name, one)
        return self._predict_here([one])[0]

    def predict_rows(self, rows: Rows) -> list[Prediction]:
        """The predictions of rows, in their order; one of an invalid row has `why`.

        Args:
            rows: a list of rows, a pandas DataFrame or a pyarrow Table.

        Raises:
            ConfigValueError: it is none of these.
            MesocosmError: nothing is deployed, or the service has no model.
            Refused: a running server refuses them.
        """
        rows, found = list_rows(rows), list[Prediction]()
        if client := self._client():
            with client:
                for start in range(0, len(rows), 1000):
                    found += client.predict_rows(self.name, rows[start : start + 1000])
            return found
        for row in rows:
            try:
                found += self._predict_here([row])
            except ConfigValueError as wrong:
                found.append(Prediction(why=str(wrong)))
        return found

    def feedback(self, prediction: str, label: str) -> None:
        """Record the true label of a prediction.

        Raises:
            ConfigValueError: there is no such prediction, or no such label.
            MesocosmError: nothing is deployed.
            Refused: a running server refuses it.
        """
        if client := self._client():
            with client:
                client.feedback(self.name, prediction, label)
            return
        self._local().feedback(prediction, label)

    def _client(self) -> Client | None:
        from mesocosm.lifecycle.server_info import find_server

        server = find_server(self._spec.root / ".mesocosm")
        if not server:
            return None
        return Client(server["url"], server["token"])

    def _predict_here(self, rows: Sequence[Row]) -> list[Prediction]:
        served = self._local()
        assert served.now is not None
        if served.now.fields is None:
            raise MesocosmError(Message("lifecycle.service_without_model", name=self.name))
        given = [row_as_json(row) for row in rows]
        for row in given:
            served.now.fields.check(row)
        return [prediction_of(one) for one in served.predict(given)]

    def _local(self) -> LiveService:
        from mesocosm.app.loader import load_locally

        self._served = self._served or load_locally(self._spec, self._catalog, self.name)
        self._served.refresh()
        return self._served
