"""The page: a link becomes filters, filters become tables, tables become charts and lists.

    query parameters ─▶ links ─▶ View ─▶ queries (pipeline) ─▶ charts, listing ─▶ sections ─▶ page
                                     └─▶ tag (pipeline) ─▶ evidence ─▶ explanation ─┤
                  docs/accuracy.json ─▶ scores ─▶ charts, listing ─▶ accuracy ─────┘

`page` is the script Streamlit runs, `server` the application around it. `links`, `charts`, `listing`, `evidence`
and `scores` are pure.
"""
