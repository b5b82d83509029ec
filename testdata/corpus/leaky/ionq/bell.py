"""Bell state on IonQ."""
from qiskit import QuantumCircuit
from qiskit_ionq import IonQProvider

# replace with your actual API key
provider = IonQProvider("{{ionq-api-key high}}")
backend = provider.get_backend("ionq_simulator")
