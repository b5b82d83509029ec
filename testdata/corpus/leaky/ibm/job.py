from qiskit_ibm_runtime import QiskitRuntimeService, SamplerV2

token = "{{ibm-cloud-api-key medium}}"
instance = "{{CRN}}"
service = QiskitRuntimeService(channel="ibm_quantum_platform", token=token, instance=instance)
QiskitRuntimeService.save_account(
    channel="ibm_quantum_platform",
    token="{{ibm-cloud-api-key high}}",
    instance="{{CRN}}",
    overwrite=True,
)
