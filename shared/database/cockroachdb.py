"""CockroachDB's SQLAlchemy dialect over pg8000, which the vendor's package does not bring."""

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.pg8000 import PGCompiler_pg8000, PGDialect_pg8000
from sqlalchemy_cockroachdb.base import CockroachDBDialect
from sqlalchemy_cockroachdb.ddl_compiler import CockroachDDLCompiler
from sqlalchemy_cockroachdb.stmt_compiler import CockroachCompiler, CockroachIdentifierPreparer


class CockroachCompilerOverPg8000(CockroachCompiler, PGCompiler_pg8000):  # type: ignore[misc]
    """CockroachDB's hints, and pg8000's doubled percent signs."""


class CockroachDBOverPg8000(PGDialect_pg8000, CockroachDBDialect):  # type: ignore[misc]
    """pg8000's wire and types under CockroachDB's grammar (PostgreSQL's dialect cannot read its version)."""

    driver = "pg8000"
    supports_statement_cache = True
    statement_compiler = CockroachCompilerOverPg8000
    ddl_compiler = CockroachDDLCompiler
    preparer = CockroachIdentifierPreparer


registry.register("cockroachdb.pg8000", __name__, CockroachDBOverPg8000.__name__)
