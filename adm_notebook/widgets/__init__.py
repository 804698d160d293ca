"""Views that stay alive in a notebook: anywidget classes, and plain, small JavaScript without a build (static/).

Everything that a widget does is done by its Python side, and can be driven and tested there without a browser. The
JavaScript draws what the traits say and sends what the user did.
"""
