import os
from qiskit_ionq import IonQProvider

provider = IonQProvider(os.environ["IONQ_API_KEY"])
token = os.getenv("QISKIT_IBM_TOKEN", "")
job_id = "{{UUID}}"  # ionq job
ibm_job = service.job("{{LOWALNUM20}}")
instance = "{{CRN}}"
zeros = IonQProvider("00000000000000000000000000000000")
ones = IonQProvider("1111111111111111aaaaaaaaaaaaaaaa")
sequence = IonQProvider("abcdefghijklmnopqrstuvwxyz012345")
name = IonQProvider(token=getIonqApiKeyFromEnvironmentVar1)
