"""adm_notebook"""
