from qiskit_ibm_catalog import QiskitFunctionsCatalog, QiskitServerless

serverless = QiskitServerless(token="{{ibm-cloud-api-key high}}", instance="{{CRN}}")
catalog = QiskitFunctionsCatalog("{{ibm-cloud-api-key high}}")
service = IBMQuantumComputeService(token="{{ibm-cloud-api-key high}}")
