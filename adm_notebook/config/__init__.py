"""What a user describes: the workflow and its sections, from Python or YAML, and the frozen settings made of them."""

from adm_notebook.config.settings import Settings
from adm_notebook.config.workflow import WorkflowConfig, WorkflowType

__all__ = ["Settings", "WorkflowConfig", "WorkflowType"]
