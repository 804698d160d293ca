"""The tree of containers that runs: walked once for each sleeve of each row, opened before and closed after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from adm_notebook.components import Indicator, Regimes
from adm_notebook.containers.node import ContainerNode
from adm_notebook.containers.protocol import Place, Product, State
from adm_notebook.containers.shared import Shared, Shelf
from adm_notebook.containers.stages import Stages
from adm_notebook.containers.values import Fills, RiskSettings, protect
from adm_notebook.engine.account import Account
from adm_notebook.engine.compiled import Book
from adm_notebook.errors import RunError
from adm_notebook.market import Bars
from adm_notebook.market.arrays import F64
from adm_notebook.planning import Plan, Row, Sleeve
from adm_notebook.results import Detail
from adm_notebook.results.result import CONTAINER_TYPES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ContainerTree", "Passed"]


class ContainerRow(NamedTuple):
    """What one container did: a row of `WorkflowResult.containers`, whose documentation says what each column is."""

    path: str
    role: str
    name: str
    state: str
    requested: int
    computed: int
    cache_hits: int
    wall_time: float
    rows_in: int
    rows_out: int
    bytes_held: int
    failed: int
    id: str


class ContainerTree:
    """Containers in the order in which they run, and how a row passes through them.

    Made by `PatternBuilder.build`. Opening initialises each container, closing disposes of it; both happen once, and
    closing happens after errors and stops, too.

    nodes  in the order in which they run
    """

    def __init__(self, plan: Plan, stages: Stages, shared: Shared | None) -> None:
        self.plan, self.stages = plan, stages
        self.nodes: list[ContainerNode] = []
        self.drawn: list[ContainerNode] = []
        self._shared = shared
        self._features: Shelf | None = None
        self._columns = 0
        self._opened: list[ContainerNode] = []

    # ---- life ---------------------------------------------------------------------------------------------------

    def open(self) -> ContainerTree:
        """Initialise every container, in the order in which they run; those that were are disposed of if one fails."""
        try:
            for node in self.nodes:
                self._opened.append(node)
                node.container.initialise()
                node.state = State.INITIALISED
        except BaseException:
            self._opened[-1].state = State.FAILED
            self.close(failed=True)
            raise
        return self

    def finish(self) -> None:
        """Tell every container that the run has come to its end: all rows are done, none will follow."""
        for node in self.nodes:
            done = getattr(node.container, "finish", None)
            if done is not None:
                done()

    def close(self, failed: bool = False) -> None:
        """Dispose of every container that was initialised, the last first; one that raises does not stop the others.

        Raises
        ------
        RunError
            naming the containers that could not be disposed of.
        """
        broken: list[str] = []
        while self._opened:
            node = self._opened.pop()
            if node.state in (State.INITIALISED, State.RUNNING):
                node.state = State.FAILED if failed and node.failed else State.FINISHED
            try:
                node.container.dispose()
            except Exception as error:  # noqa: BLE001  # a user's own code; the others must be disposed of, too
                broken.append(f"{node.path} ({type(error).__name__}: {error})")
        if self._shared is not None:
            self._shared.clear()
        if broken:
            raise RunError(f"Not disposed of: {', '.join(broken)}.")

    # ---- work ---------------------------------------------------------------------------------------------------

    def detail(self, row: Row) -> Detail:
        """Run one row and make its trades and equity."""
        return self.run(row).detail()

    def keep(self, row: Row) -> dict[str, float]:
        """Run one row of a pattern that keeps signals and simulates nothing: how many signals there are."""
        (sleeve,) = row.sleeves
        products = self._walked(Place(row, sleeve, self.plan.market[sleeve.symbol]))
        kept = [made["signals"].value for made in products if "signals" in made]
        return {"n_signals": float(sum(each.n_signals for each in kept))}

    def run(self, row: Row) -> Passed:
        """Run one row: every container once for each of its sleeves, and the accounts put together."""
        walks = [self.walk(row, sleeve) for sleeve in row.sleeves]
        fills = [fills for fills, _ in walks]
        reports = tuple(reports for _, reports in walks if reports)
        bars = [f.bars for f in fills]
        if len(fills) == 1 and row.sleeves[0].weight == 1.0:
            made = fills[0].made
            return Passed(self, row, self.stages.metrics(made, bars, row.settings), made, bars, None, reports)
        capital = row.settings.initial_capital
        capitals = [capital * sleeve.weight for sleeve in row.sleeves]
        account, sleeve_of = self.stages.combine(fills, capitals, capital)
        return Passed(self, row, self.stages.metrics(account, bars, row.settings), account, bars, sleeve_of, reports)

    def walk(self, row: Row, sleeve: Sleeve) -> tuple[Fills, dict[str, Any]]:
        """Run every container for one sleeve: its fills, and what containers for analysis report, by path."""
        reports: dict[str, Any] = {}
        fills: Fills | None = None
        walked = self._walked(Place(row, sleeve, self.plan.market[sleeve.symbol]))
        for node, products in zip(self.nodes, walked, strict=True):
            if "fills" in products:
                fills = products["fills"].value
            if "report" in products:
                reports[node.path] = products["report"].value
        assert fills is not None  # a pattern without execution is refused, or runs elsewhere
        return fills, reports

    def _walked(self, place: Place) -> list[Mapping[str, Product]]:
        products: list[Mapping[str, Product]] = []
        for node in self.nodes:
            products.append(node.take(place, products))
        return products

    # ---- many rows at once --------------------------------------------------------------------------------------

    def count(self, role: str, requested: int, computed: int, seconds: float, n_bars: int, failed: int = 0) -> None:
        """Note work of the containers of a role that was done for many rows at once."""
        for node in self.nodes:
            if node.role == role:
                node.count(requested, computed, seconds, n_bars, failed)

    def portfolio_inputs(self, place: Place) -> dict[str, Any]:
        """What the portfolio is handed for a place, its settings left out: targets, and regimes where it sees them."""
        return self._inputs(place, ("targets", "regimes"))

    def risk_of(self, place: Place) -> RiskSettings:
        """The settings of a place and what they ask of its bars, as the portfolio is handed them, or makes them."""
        found: RiskSettings | None = self._inputs(place, ("settings",)).get("settings")
        if found is None:
            settings = place.row.settings
            feature = lambda indicator: self.feature(place.bars, indicator)  # noqa: E731
            found = RiskSettings(settings, self.stages.exposure(settings, place.bars, feature))
        return found

    def regimes_of(self, place: Place) -> Regimes | None:
        """The regimes that the portfolio sees; None where it sees none, or there is no classifier."""
        found: Regimes | None = self._inputs(place, ("regimes",)).get("regimes")
        return found

    def _inputs(self, place: Place, kinds: tuple[str, ...]) -> dict[str, Any]:
        """Some of what the portfolio is handed; nothing runs that they don't come from."""
        portfolio = next(node for node in self.nodes if node.role == "portfolio")
        wanted = {kind: portfolio.sources[kind] for kind in kinds if kind in portfolio.sources}
        needed: set[int] = set()
        left = list(wanted.values())
        while left:
            at = left.pop()
            if at not in needed:
                needed.add(at)
                left += self.nodes[at].sources.values()
        products: list[Mapping[str, Product]] = []
        for at in range(max(needed, default=-1) + 1):
            products.append(self.nodes[at].take(place, products) if at in needed else {})
        return {kind: products[at][kind].value for kind, at in wanted.items()}

    def products(self, row: Row, sleeve: Sleeve) -> dict[str, Mapping[str, Any]]:
        """Everything that the containers gave for one sleeve, by path and kind: what a trace is made of."""
        place = Place(row, sleeve, self.plan.market[sleeve.symbol])
        walked = self._walked(place)
        return {
            node.path: {kind: product.value for kind, product in products.items()}
            for node, products in zip(self.nodes, walked, strict=True)
        }

    def feature(self, bars: Bars, indicator: Indicator) -> tuple[F64, ...]:
        """An indicator over some bars: shared where the run shares, else computed."""
        if self._shared is None or self._features is None:
            self._columns += 1
            return indicator.compute(bars)
        of = bars.symbol if bars is self.plan.market.get(bars.symbol) else bars.fingerprint  # a container's own bars

        def computed() -> tuple[F64, ...]:
            columns = indicator.compute(bars)
            protect(columns)
            return columns

        columns: tuple[F64, ...] = self._shared.get(
            self._features,
            (of, indicator),
            computed,
            lambda found: sum(column.nbytes for column in found),
            columns=len(indicator.outputs),
        )
        return columns

    def shelve_features(self, shelf: Shelf | None) -> None:
        """Where indicators are kept; the builder says so."""
        self._features = shelf

    # ---- what it did --------------------------------------------------------------------------------------------

    @property
    def notes(self) -> list[str]:
        """Sentences that a user is warned with once the rows have run."""
        return [sentence for node in self.nodes for sentence in getattr(node.container, "notes", ())]

    def counts(self) -> dict[str, tuple[int, int, float]]:
        """Path of each container that has begun -> how often its work was asked for, how often done, seconds so far;
        nothing yet, where it is at its first work."""
        rows = [(node, self._row(node)) for node in list(self.drawn)]
        begun = [row for node, row in rows if row.requested or (node.state is State.RUNNING and not node.calls)]
        return {row.path: (row.requested, row.computed, row.wall_time) for row in begun}

    def rows(self) -> list[ContainerRow]:
        """What each container has done so far, in the order in which they are drawn."""
        return [self._row(node) for node in self.drawn]

    def table(self) -> pd.DataFrame:
        """The tree as it ran, one row a container, in the order in which it is drawn: `WorkflowResult.containers`."""
        import pandas as pd

        types: dict[str, Any] = CONTAINER_TYPES
        values = zip(*self.rows(), strict=True) if self.drawn else [()] * len(types)
        columns = {
            name: pd.array(list(column), dtype=kind) for (name, kind), column in zip(types.items(), values, strict=True)
        }
        return pd.DataFrame(columns, index=pd.Index(columns.pop("path"), name="path"))

    def _row(self, node: ContainerNode) -> ContainerRow:
        requested, computed, seconds, held = node.calls, node.computed, node.seconds, 0
        if node.shelf is not None:
            held = node.shelf.peak_bytes
        if node.role == "indicator":
            if self._features is not None:
                shelf = self._features
                requested, computed, held = shelf.requested, shelf.computed, shelf.peak_bytes
                seconds += shelf.seconds
            else:
                requested = computed = self._columns
        hits = max(0, requested - computed)
        return ContainerRow(
            node.path, node.role, node.name, str(node.state), requested, computed, hits, seconds, node.rows_in,
            node.rows_out, held, node.failed, node.identifier,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passed:
    """One row that was run. A sweep reads the metrics of all, and the trades and equity of the best.

    made       its account, or what the compiled engine left of it
    bars       of its sleeves
    sleeve_of  in a combined portfolio, each trade's sleeve
    reports    of each sleeve: what containers for analysis gave, by path
    """

    tree: ContainerTree
    row: Row
    metrics: Mapping[str, float]
    made: Account | Book
    bars: Sequence[Bars]
    sleeve_of: tuple[int, ...] | None
    reports: tuple[Mapping[str, Any], ...]

    def detail(self) -> Detail:
        """Its trades and equity."""
        sleeves = self.row.sleeves
        return Detail(
            self.row.number,
            self.metrics,
            self.made.account() if isinstance(self.made, Book) else self.made,
            self.bars[0].index if self.sleeve_of is None else union_index(self.bars),
            symbols=tuple(sleeve.symbol for sleeve in sleeves),
            strategies=tuple(self.tree.plan.strategies[sleeve.strategy].label for sleeve in sleeves),
            sleeve=self.sleeve_of,
            reports=self.reports,
        )


def union_index(bars: Sequence[Bars]) -> pd.Index:
    """The times of a combined account."""
    from adm_notebook.containers.portfolio import union_of

    return union_of(bars)[0]
