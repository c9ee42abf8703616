"""Every operation: drawn by `datafly docs` from the routes; do not edit."""

from datafly.management.client.operations.alerts import AlertsCalls
from datafly.management.client.operations.audit_log import AuditLogCalls
from datafly.management.client.operations.configuration import ConfigurationCalls
from datafly.management.client.operations.consent import ConsentCalls
from datafly.management.client.operations.dead_letters import DeadLettersCalls
from datafly.management.client.operations.erasures import ErasuresCalls
from datafly.management.client.operations.events import EventsCalls
from datafly.management.client.operations.health import HealthCalls
from datafly.management.client.operations.integration_catalogue import IntegrationCatalogueCalls
from datafly.management.client.operations.integration_templates import IntegrationTemplatesCalls
from datafly.management.client.operations.live_events import LiveEventsCalls
from datafly.management.client.operations.log_in import LogInCalls
from datafly.management.client.operations.metrics import MetricsCalls
from datafly.management.client.operations.pipeline_integrations import PipelineIntegrationsCalls
from datafly.management.client.operations.pipelines import PipelinesCalls
from datafly.management.client.operations.tokens import TokensCalls
from datafly.management.client.operations.users import UsersCalls


class Operations(
    AlertsCalls,
    AuditLogCalls,
    ConfigurationCalls,
    ConsentCalls,
    DeadLettersCalls,
    ErasuresCalls,
    EventsCalls,
    HealthCalls,
    IntegrationCatalogueCalls,
    IntegrationTemplatesCalls,
    LiveEventsCalls,
    LogInCalls,
    MetricsCalls,
    PipelineIntegrationsCalls,
    PipelinesCalls,
    TokensCalls,
    UsersCalls,
):
    """A method for each operation of the API, named as in its OpenAPI document."""
