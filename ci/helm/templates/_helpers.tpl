{{- define "harness.labels" -}}
app.kubernetes.io/part-of: promotion-harness
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* Labels by which a pod gets its identity in Azure, to read models and to write evidence. */ -}}
{{- define "harness.identity" -}}
{{- if eq .Values.secrets.provider "azure" }}azure.workload.identity/use: "true"{{ end }}
{{- end }}

{{- define "harness.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- /* The slots of a service that get traffic, with the percent of each. */ -}}
{{- define "harness.weights" -}}
{{- $canary := .service.canary }}
{{- $weights := dict .service.active 100 }}
{{- if gt (int $canary.percent) 0 }}
{{- if eq $canary.slot .service.active }}{{ fail (printf "services.%s.canary.slot: %s is the active slot; name the other one" .name $canary.slot) }}{{ end }}
{{- $weights = dict .service.active (sub 100 (int $canary.percent)) $canary.slot (int $canary.percent) }}
{{- end }}
{{- range $slot, $_ := $weights }}
{{- if not (index $.service.slots $slot) }}{{ fail (printf "services.%s: slot %q gets traffic, and slots has no %q; pin it there" $.name $slot $slot) }}{{ end }}
{{- end }}
{{- toYaml $weights }}
{{- end }}

{{- define "harness.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "harness.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "harness.env" -}}
- {name: HOME, value: /tmp}
{{- range $name, $value := .env }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- range $name, $key := .secretEnv }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $.root.Values.secrets.name }}, key: {{ $key }}}}
{{- end }}
{{- end }}

{{- /* The CSI volume must be mounted for its Secret to exist. */ -}}
{{- define "harness.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 1Gi}
{{- if ne .Values.secrets.provider "existing" }}
- name: secrets
  csi:
    driver: secrets-store.csi.k8s.io
    readOnly: true
    volumeAttributes: {secretProviderClass: {{ .Values.secrets.name }}}
{{- end }}
{{- end }}

{{- define "harness.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if ne .Values.secrets.provider "existing" }}
- {name: secrets, mountPath: /var/run/secrets/harness, readOnly: true}
{{- end }}
{{- end }}
