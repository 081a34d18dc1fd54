"""``forkedenc sanitize``: XML and SVG cleaned to a policy, in a pipe, in files, or in whole directories.

``_plan`` finds what to clean, ``_run`` cleans it, ``_write`` puts it into its place, ``_report`` tells of it.
"""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Literal

import click

from forkedenc._cli import _status
from forkedenc._cli._input import Input
from forkedenc._cli._options import limit_options
from forkedenc._cli._policy import PolicyName
from forkedenc._cli.sanitize import _plan, _run, _write
from forkedenc._cli.sanitize._report import Form, Teller
from forkedenc._errors import shown
from forkedenc._limits import Limits

if TYPE_CHECKING:
    from forkedenc.xml.sanitize import Policy


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES|DIR|-]...")
@click.option(
    "--policy",
    "policy",
    type=PolicyName(),
    required=True,
    metavar="NAME|FILE.toml",
    help="What is allowed: svg, xhtml, feed, soap, plain, or a file as `forkedenc policy show` prints it.",
)
@click.option("-o", "--output", "out", metavar="OUT", help="A file for one document, a directory for several.")
@click.option("--in-place", is_flag=True, help="Let each document take its own place.")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if something would be removed.")
@click.option(
    "--report", "form", type=click.Choice(["json", "text"]), help="Tell what was removed; json: one line each."
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Threads to work with. [one for each core]",
)
@click.option("--links", default="", metavar="SCHEMES", help="Keep links with these schemes, such as https,mailto.")
@click.option("--id-prefix", metavar="P", help="Put this before every id and in every reference to one.")
@click.option("--escape-for", type=click.Choice(["html"]), help="Write what is safe inside such a page, too.")
@limit_options
def sanitize(  # noqa: PLR0917 - click calls it by name
    files: tuple[str, ...],
    policy: Policy,
    out: str | None,
    in_place: bool,
    check: bool,
    form: Form | None,
    jobs: int | None,
    links: str,
    id_prefix: str | None,
    escape_for: Literal["html"] | None,
    limits: Limits,
) -> int:
    """Clean XML and SVG documents to a policy.

    One FILE, or - or nothing for standard input, goes to standard output as it is read, or with -o into OUT. Several FILES
    need -o DIR or --in-place. A document has no say in what its policy is.

    A DIR is searched through, symbolic links in it are not followed (a FILE may be one), and its tree is kept by -o. Which
    names are taken depends on the roots that the policy allows:

    \b
    SVG             .svg
    XHTML           .xhtml .xht
    RSS, RDF, Atom  .rss .atom .rdf .xml
    SOAP            .soap .xml
    another         .xml
    any (plain)     all of these

    Files are written beside their place as .forkedenc-XXXX.tmp and renamed, so that each is whole at any moment, old or new;
    one that would not change is not written, and what becomes of a document that is refused is left as it was. Only from
    standard output nothing can be taken back: there the exit status tells. In a DIR one bad file does not stop the rest.

    A report goes to standard output, or to standard error if the document goes to the former: as json one object for each
    document on a line of its own, with "file", "status" and either what was removed or the "error"; as text one line
    FILE:LINE:COLUMN: what for each removal and one with the numbers. Sizes take a unit, as in 8MiB; none means no limit.
    """  # noqa: D301 - click's mark for lines to keep
    files = files or _standard_input()
    if check and (in_place or out):
        raise click.UsageError("--check writes nothing: it goes with neither --in-place nor -o.")
    if in_place and out:
        raise click.UsageError("--in-place and -o exclude each other.")
    # It reads the policies' tables.
    from forkedenc.xml.sanitize import Sanitizer  # noqa: PLC0415

    schemes = tuple(scheme.strip() for scheme in links.split(",") if scheme.strip())
    try:
        sanitizer = Sanitizer(policy, limits=limits, links=schemes, id_prefix=id_prefix, escape_for=escape_for)
    except ValueError as error:
        # Among them PolicyError.
        raise click.UsageError(shown(str(error))) from error
    try:
        plan = _plan.make(files, out, in_place, check, _plan.suffixes(policy))
    except OSError as error:
        return _status.failed(error.filename or "-o", error)
    to_stdout = any(job.target == "-" for job in plan.jobs)
    teller = Teller(form, check, sys.stderr if to_stdout else sys.stdout)
    status = _status.DONE
    for failure in plan.failed:
        status = max(status, _status.failed(failure.filename, failure))
    threads = min(jobs or _run.available_cores(), max(len(plan.jobs), 1))
    try:
        with Input([job.path for job in plan.jobs]) as source:
            status = max(status, _clean(_run.Cleaner(sanitizer, source, threads), plan, teller))
    except OSError as error:
        # A report. Here, and not where click would see it: it has a status of its own for a reader that went away.
        return _status.unwritten(error)
    if plan.has_directory:
        teller.summarize()
    return status


def _standard_input() -> tuple[str, ...]:
    if sys.stdin is not None and sys.stdin.isatty():
        raise click.UsageError("Missing FILES; - is standard input.")
    return ("-",)


def _clean(cleaner: _run.Cleaner, plan: _plan.Plan, teller: Teller) -> int:
    """Do all jobs, and give the highest status."""
    status = _status.DONE
    written: dict[str, None] = {}
    try:
        with closing(cleaner.all(plan.jobs)) as outcomes:
            for outcome in outcomes:
                if outcome.written and outcome.job.target:
                    written[os.path.dirname(outcome.job.target) or "."] = None  # noqa: PTH120
                status = max(status, teller.tell(outcome))
    finally:
        # Even if the rest was given up: these files have their new content.
        for directory in written:
            try:
                _write.sync_directory(directory)
            except _write.UnwrittenError as error:
                status = max(status, _status.failed(error.name, error.error))
    return status
