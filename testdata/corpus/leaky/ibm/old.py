from qiskit import IBMQ

IBMQ.save_account("{{ibm-quantum-token-retired high}}")
IBMQ.enable_account('{{ibm-quantum-token-retired high}}', hub="ibm-q")
# IBMProvider.save_account(token="{{ibm-quantum-token-retired high}}", overwrite=True)
