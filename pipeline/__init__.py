"""From feeds to tagged articles in a database; nothing here knows of the page.

    feed ─▶ fetch ─▶ parse ─▶ clean ─▶ tag ─▶ store ─▶ queries ─▶ (dashboard)
            bytes    Entry    Article  Mention DuckDB  Arrow tables

`run` knows that order, and `worker` the part of it that runs in processes of its own; the stages do not know
each other. `gazetteer` holds what `seeds/` knows, `settings` reads the environment, `model` names the values
and `errors` what can go wrong. `__main__` is the command line.
"""
