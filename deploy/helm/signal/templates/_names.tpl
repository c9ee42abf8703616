{{- define "signal.name" -}}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{- end }}

{{- define "signal.image" -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end }}

{{- define "signal.labels" -}}
app.kubernetes.io/name: signal
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* What a role's pods are found by: root, role. */}}
{{- define "signal.selector" -}}
app.kubernetes.io/name: signal
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end }}

{{- define "signal.environment" -}}
envFrom:
  - secretRef: {name: {{ .root.Values.secretName | quote }}}
env:
{{- $settings := merge (dict) .settings .root.Values.settings }}
{{- range $name := keys $settings | sortAlpha }}
  - {name: {{ $name }}, value: {{ get $settings $name | quote }}}
{{- end }}
{{- end }}
