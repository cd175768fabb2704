"""MQTT: what the sensor measures to a broker, with discovery by Home Assistant."""

from liveaffect.nodes.mqtt.node import MqttNode

__all__ = ["MqttNode"]
